import type { Configs } from "../../engine/configs.ts";
import { type Control, RequestError } from "../../engine/control.ts";
import { forecast } from "../../engine/forecast.ts";
import { SourceError, type SourceErrorCode } from "../../engine/ports/source.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { Inbox } from "../../github/hooks/inbox.ts";
import type { Checks } from "../../github/server/checks.ts";
import { Pulls, type PullRules } from "../../github/server/pulls.ts";
import { type Log, Worker } from "../../github/server/worker.ts";
import { branchGlob } from "../../source/names.ts";
import type { GitSource } from "../../source/git.ts";
import type { Upstream } from "../../source/upstream.ts";
import type { Connection } from "./connection.ts";
import { each, RECONCILE_MS, reconciling } from "./hook.ts";
import type { Teller } from "./tellers.ts";

type Parts = {
  readonly control: Control;
  readonly configs: Configs;
  readonly source: GitSource;
  readonly policyRef: string | null;
  readonly clock: Clock;
  readonly log: Log;
};
type Where = {
  readonly to: Connection;
  readonly upstream: Upstream;
  readonly page: () => string | null;
};

/** Between two comments, in ms. */
const REST_MS = 5_000;
/** What is wrong with the commit itself, and stays so. */
const ITS_OWN: ReadonlySet<SourceErrorCode> = new Set(["unsafe-path", "too-large"]);

/** Pull requests are told what a merge would deploy. */
export function pullTeller(parts: Parts, where: Where & { readonly inbox: Inbox }, checks: Checks | null): Teller {
  const { clock, log } = parts;
  const { inbox } = where;
  const pulls = pullsOf(parts, where, checks);
  const reconcile = reconciling(clock, () => pulls.reconcile());
  const work = async (): Promise<void> => {
    await each(inbox, "pull", ({ number }) => pulls.changed(number));
    await reconcile();
    await pulls.look();
  };
  const worker = new Worker(work, { name: "pull requests on GitHub", clock, log, everyMs: RECONCILE_MS, restMs: REST_MS });
  return { worker, what: "comments", behind: () => pulls.behind() };
}

export function pullsOf(parts: Parts, { to, upstream, page }: Where, checks: Checks | null): Pulls {
  const { control, configs, source, policyRef, log } = parts;
  return new Pulls({
    forge: to.pulls,
    store: control.store,
    project: control.project,
    rules: () => rulesOf(parts),
    withPull: async (number, use) => {
      await to.fetch(upstream, number);
      return await upstream.usePull(number, use);
    },
    head: (branch) => upstream.head(branch),
    forecast: async (commit, branch, base) => {
      const takes = (from: readonly string[]): boolean => from.length === 0 || from.some((glob) => branchGlob(glob)(branch));
      try {
        return await forecast({ source, store: control.store, configs, policyRef }, { commit, base, takes });
      } catch (error) {
        if (error instanceof RequestError) return { problem: error.message, hint: error.hint, diagnostics: error.diagnostics };
        if (error instanceof SourceError && ITS_OWN.has(error.code)) return { problem: error.message, hint: error.hint, diagnostics: [] };
        throw error;
      }
    },
    check: checks && ((commit, check) => checks.say(commit, check)),
    page,
    log,
  });
}

/** By the file of the policy ref: a pull request does not say of itself what is done with it. */
async function rulesOf({ configs, policyRef }: Parts): Promise<PullRules | null> {
  const { github } = await configs.at((await configs.policy(policyRef)).commit);
  if (!github || github.pullRequests === "none") return null;
  return { branch: github.branch, which: github.pullRequests, starts: github.push.server };
}
