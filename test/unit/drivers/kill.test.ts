import { once } from "node:events";
import { expect, test } from "vitest";
import { LocalExecutor } from "../../../src/executor/local/index.ts";
import { driver } from "../../../src/drivers/process/index.ts";
import { artifact, ask, definitionOf, inputOf, pidsOf, starts, temporaryHome } from "./rig.ts";
import { seeded } from "../../rig/random.ts";

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const RELEASES = 10;
const runner = new URL("../../../src/app/attempt.ts", import.meta.url).pathname;

test(
  `attempt, keeper and both killed at random moments of ${RELEASES} deploys: each release becomes live or what was live stays, and one instance runs (SLUICE_SEED=${seed})`,
  { timeout: 90_000 },
  async () => {
    const next = seeded(seed);
    const home = temporaryHome();
    process.env["STARTS"] = `${home}/starts`;
    const definition = { ...definitionOf("process", { command: ["node", "server.js"] }), credentials: ["STARTS"] };
    const observe = () =>
      driver.observe({ project: "harbor", target: "web@devnet", definition }, { signal: AbortSignal.timeout(20_000), home });
    const executor = new LocalExecutor({ home, runner, source: home, concurrency: 2, graceMs: 500 });
    const ends = new Map<string, string>();
    executor.onEnd((id, end) => ends.set(id, end === "lost" ? end : end.outcome));
    let before: string | null = null;
    for (let release = 1; release <= RELEASES; release++) {
      const version = `v${release}`;
      const { directory: _, ...input } = inputOf(home, version, version, artifact(home, version), definition);
      await executor.start({ ...input, kind: "deploy", id: version, run: "1", timeoutMs: 60_000 });
      await once(AbortSignal.timeout(Math.round(next() * 500)), "abort");
      const whom = next();
      const killed = [...(whom < 0.7 ? pidsOf(home, "app/attempt.ts") : []), ...(whom > 0.3 ? pidsOf(home, "keeper/main.ts") : [])];
      for (const pid of killed) process.kill(pid, "SIGKILL");
      await expect.poll(() => ends.get(version), { timeout: 15_000 }).toMatch(/^(succeeded|lost)$/);
      await expect
        .poll(observe, { timeout: 10_000 })
        .toMatchObject(before === null && ends.get(version) === "lost" ? {} : { health: "healthy" });
      const live = await observe();
      const commit = live.kind === "live" ? live.commit : null;
      if (ends.get(version) === "succeeded") expect(commit).toBe(version);
      else expect([version, before]).toContain(commit);
      if (live.kind === "live") expect(await ask(`${live.url}/version`)).toMatchObject({ version: commit });
      before = commit;
    }
    await expect.poll(() => pidsOf(home, "server.js").length, { timeout: 20_000 }).toBe(before === null ? 0 : 1);
    expect(pidsOf(home, "keeper/main.ts").length).toBeLessThanOrEqual(1);
    expect(starts(home).length).toBeGreaterThan(0);
    await executor.close();
  },
);
