import type { CommitId, EnvironmentId } from "../../core/config/config.ts";
import { formatDuration } from "../../core/config/duration.ts";
import { gateName } from "../../core/config/github.ts";
import type { Forge } from "../../github/forge.ts";
import { isAmong, reviewsAt } from "../../github/gates/judge.ts";
import { passedAt } from "../../github/gates/passes.ts";
import type { Time } from "../../core/run/rows.ts";
import { GATE_TASK, gateRecords } from "../../github/records/gates.ts";
import { isTarget, type Record, runIdOf, type TargetRecord } from "../../github/records/record.ts";
import { once } from "../once.ts";
import type { Approver, Approvers } from "./drive.ts";
import type { Place } from "./place.ts";

type Asked = {
  readonly commit: CommitId;
  /** The recorded set to go back to; null: it is a deploy. */
  readonly to: string | null;
  /** Of the environment. */
  readonly records: readonly Record[];
};

/**
 * Who has let this workflow run pass at the gate of an environment: reviewers on GitHub, and who has decided on this commit in Sluice, as the App that policy names has recorded it. Nobody where somebody has
 * rejected it, where it has expired, or where another run has turned the environment round since: a rollback voids what was decided before it, and what is deployed after one voids that of the rollback.
 * Whoever started the run, or had it run again, counts only where policy says so: of these the engine knows only the one that acts.
 */
export function approversOf(place: Place, forge: Forge, { commit, to, records }: Asked): Approvers {
  const { app, inputs, policy } = place;
  // what is decided in Sluice is a deploy: a way back is another question
  const recorded = once((environment: EnvironmentId) =>
    decidedInSluice(forge, to === null ? app : null, environment, commit, inputs.runId),
  );
  const fresh = once(async (environment: EnvironmentId) =>
    isFresh(place, forge, environment, { turned: turnedBy(records, to, inputs.runId), decidedAt: (await recorded(environment)).at }),
  );
  const reviews = once(() => forge.reviews(inputs.runId));
  return async (environment) => {
    const here = reviewsAt(environment, await reviews());
    if (here.some(({ state }) => state === "rejected")) return [];
    const { approval, rollback } = policy.environments[environment] ?? { approval: null, rollback: null };
    const self = (approval?.self ?? true) && (rollback?.self ?? true);
    const logins = [...new Set(here.flatMap((review) => (review.state === "approved" ? [review.by] : [])))];
    const all = [...logins.map((by): Approver => ({ by, emergency: false })), ...(await recorded(environment)).approvers];
    const counted = self ? all : all.filter(({ by, emergency }) => emergency || !isAmong(inputs.starters, by));
    return counted.length > 0 && (await fresh(environment)) ? counted : [];
  };
}

export async function decidedInSluice(
  forge: Forge,
  app: string | null,
  environment: EnvironmentId,
  commit: CommitId,
  run: number,
): Promise<{ readonly approvers: readonly Approver[]; readonly at: Time | null }> {
  if (app === null) return { approvers: [], at: null };
  const all = await forge.deployments({ environment: gateName(environment), task: GATE_TASK, sha: commit });
  const own = gateRecords(all, app).filter((record) => runIdOf(record.run) === run && record.environment === environment);
  const approvers = own.flatMap(({ by, emergency }) => by.map((login) => ({ by: login, emergency })));
  return { approvers, at: own.length === 0 ? null : Math.min(...own.map(({ decidedAt }) => decidedAt)) };
}

/** The newest act of another run against what this one does: what goes back, or goes forward again after that. */
const turnedBy = (records: readonly Record[], to: string | null, run: number): TargetRecord | null =>
  records.findLast(
    (r): r is TargetRecord =>
      isTarget(r) && r.kind === (to === null ? "rollback" : "deploy") && r.state !== "unchanged" && runIdOf(r.run) !== run,
  ) ?? null;

/** `turned`: what voids approvals of before it. `decidedAt`: when it was decided in Sluice, which may be long before this run; null: it was not. */
type Since = { readonly turned: TargetRecord | null; readonly decidedAt: Time | null };

/** Whether an approval still counts when what it lets through starts. GitHub does not say when somebody has approved; the gate's own job ends right after. */
async function isFresh(place: Place, forge: Forge, environment: EnvironmentId, { turned, decidedAt }: Since): Promise<boolean> {
  const { host, policy, inputs, outputs } = place;
  const rules = policy.environments[environment];
  const expiresMs =
    (host.env["SLUICE_DIRECTION"] === "rollback" ? (rules?.rollback ?? rules?.approval) : rules?.approval)?.expiresMs ?? null;
  if (expiresMs === null && turned === null) return true;
  const passed = passedAt(await forge.jobs(inputs.runId), environment);
  const ends = expiresMs === null ? "a later act there voids it" : `approvals there count for ${formatDuration(expiresMs)}`;
  const anew = "Start the workflow anew, which asks anew";
  if (passed === null) {
    const message = `When this run has passed the gate of ${environment} cannot be told, and ${ends}`;
    outputs.problem(message, "Write the workflow files again: sluice github generate");
    return false;
  }
  const at = Math.min(passed, decidedAt ?? passed);
  const when = `${at === passed ? "its gate was passed" : "it was decided"} at ${new Date(at).toISOString()}`;
  if (expiresMs !== null && host.clock.now() > at + expiresMs) {
    outputs.problem(`The approval of ${environment} has expired: ${when}, and ${ends}`, anew);
    return false;
  }
  if (turned === null || turned.createdAt < at) return true;
  const since = `${turned.by} has begun a ${turned.kind} of ${turned.target} at ${new Date(turned.createdAt).toISOString()}`;
  outputs.problem(`The approval of ${environment} is void: ${when}, and ${since}`, anew);
  return false;
}
