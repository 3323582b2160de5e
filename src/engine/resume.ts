import type { State } from "../core/run/state.ts";
import type { EngineOptions } from "./engine.ts";
import { messageOf } from "./errors.ts";

/** What the ledger says is live on this host is brought back where it ended with the host; nothing is deployed that was not live. */
export async function resume(options: Pick<EngineOptions, "store" | "driver" | "project" | "home" | "log">, state: State): Promise<void> {
  for (const target of state.targets.values()) {
    const { live } = target;
    if (!live || live.definition === "" || target.busy || target.unknown) continue;
    const definition = await options.store.definition(live.definition);
    if (!definition || definition.job) continue;
    try {
      const driver = await options.driver(definition.driver);
      if (!driver.capabilities.resume || !driver.resume) continue;
      const { signal } = new AbortController();
      const input = {
        project: options.project,
        target: target.id,
        commit: live.commit,
        digest: live.digest,
        definition,
        attempt: live.attempt ?? "",
        run: live.run ?? "",
        fingerprint: live.fingerprint,
        lastGood: null,
        direction: "deploy" as const,
        takeBack: false,
        directory: null,
        needs: {},
      };
      await driver.resume(input, {
        signal,
        home: options.home,
        env: {},
        log: (text) => options.log("info", text.trimEnd(), { target: target.id }),
        run: () => Promise.reject(new Error("a resume runs no command")),
        tree: () => Promise.reject(new Error("a resume reads no commit")),
      });
    } catch (error) {
      options.log("warn", "a service could not be brought back", {
        target: target.id,
        error: messageOf(error),
      });
    }
  }
}
