import { RequestError } from "../../engine/control.ts";
import { SourceError } from "../../engine/ports/source.ts";
import type { Inbox } from "../../github/hooks/inbox.ts";
import { coveredBy } from "../../github/server/covered.ts";
import { Gates, WAITING_GATES } from "../../github/server/gates.ts";
import { type Waits, WAITING_RUNS } from "../../github/server/waits.ts";
import { Worker } from "../../github/server/worker.ts";
import type { Upstream } from "../../source/upstream.ts";
import type { Connection } from "./connection.ts";
import { each, RECONCILE_MS } from "./hook.ts";
import type { GithubParts } from "./server.ts";
import type { Teller } from "./tellers.ts";
import { isWait } from "./waits.ts";

/** As an App: what was decided here lets workflow runs pass. Time alone ends decisions and starts none, so it looks when something has happened. */
export function gateTeller(parts: GithubParts, to: Connection, upstream: Upstream, inbox: Inbox, page: () => string | null): Teller {
  const { control, configs, policyRef, clock, log } = parts;
  const gates = new Gates({
    forge: to.forge,
    server: to.server,
    store: control.store,
    policy: async () => (await configs.policy(policyRef)).policy,
    covered: async (commit, environment, file) => {
      try {
        const { policy } = await configs.policy(policyRef);
        return coveredBy(await configs.at(commit), { environment, policy, file });
      } catch (error) {
        // Neither a commit that is not here nor a file that is not valid says what is deployed.
        if (error instanceof SourceError || error instanceof RequestError) return [];
        throw error;
      }
    },
    isOnBranch: async (commit) => {
      // asked once a run, which may be of a push that has only just come
      await to.fetch(upstream);
      const { github } = await configs.at((await configs.policy(policyRef)).commit);
      const head = github ? await upstream.head(github.branch) : null;
      return head !== null && (await upstream.contains(head, commit));
    },
    now: () => clock.now(),
    page,
    log,
  });
  const worker = new Worker(
    async () => {
      await each(inbox, "gate", async (asked) => ((await isWait(parts, asked.environment)) ? "not ours" : await gates.asked(asked)));
      await gates.look();
    },
    { name: "gates on GitHub", clock, log, everyMs: RECONCILE_MS },
  );
  return { worker, what: "gates", behind: async () => (await control.store.notes(WAITING_GATES)).length };
}

/** As an App: what a service needs lets workflow runs that wait for it pass, once it serves. Nobody has to tell that anything has moved: it looks by itself. */
export function waitTeller(parts: GithubParts, waits: Waits, inbox: Inbox): Teller {
  const { control, clock, log } = parts;
  const worker = new Worker(
    async () => {
      await each(inbox, "gate", async (asked) => ((await isWait(parts, asked.environment)) ? await waits.asked(asked) : "not ours"));
      await waits.look();
    },
    { name: "waits on GitHub", clock, log, everyMs: () => waits.dueMs() },
  );
  return { worker, what: "waits", behind: async () => (await control.store.notes(WAITING_RUNS)).length };
}
