import type { CommitId, Digest, EnvironmentId, Policy, TargetId } from "../../core/config/config.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import { stillCounts } from "../../core/run/approvals.ts";
import type { DecisionRow, RunRow, StepRow, Time } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { approversOf, isAmong } from "../gates/judge.ts";
import { stopOf } from "./stops.ts";

/** What has been decided on a commit in an environment as a whole; `waits`: nothing that lets a workflow run pass or ends it, and why. */
export type Verdict =
  | {
      readonly is: "approved";
      readonly by: readonly string[];
      readonly emergency: boolean;
      /** Of the oldest decision that counts. */ readonly at: Time;
    }
  | { readonly is: "rejected"; readonly by: readonly string[] }
  | { readonly is: "waits"; readonly why: string };

export type Asked = {
  readonly commit: CommitId;
  readonly environment: EnvironmentId;
  /** All that the workflow run may deploy there. */
  readonly targets: readonly TargetId[];
  /** Logins of who has started the workflow run, or had it run again. */
  readonly starters: readonly string[];
  readonly policy: Policy;
  readonly now: number;
};

export type VerdictStore = Pick<Store, "decisions" | "runs" | "plan" | "steps" | "renders" | "targets" | "environments">;

/** What a run in Sluice asks there. */
type Run = {
  readonly by: string;
  readonly targets: ReadonlySet<TargetId>;
  readonly skipped: ReadonlySet<TargetId>;
  /** Of what would be applied, as decisions name it; not there while it is not known. */
  readonly seen: ReadonlyMap<TargetId, Digest>;
};

/** Runs of the commit that are looked at. */
const LOOKED_AT = 50;

const waits = (why: string): Verdict => ({ is: "waits", why });

/** By recorded decisions alone, under today's policy. What is not known for certain waits: a decision on a part of what the workflow run deploys is none. */
export async function verdictOn(store: VerdictStore, asked: Asked): Promise<Verdict> {
  const { commit, environment, policy, now, targets } = asked;
  const approval = policy.environments[environment]?.approval;
  const name = commit.slice(0, 12);
  if (!approval) return waits(`policy asks for no approval in ${environment}, so nothing is ever approved there`);
  const runs = await runsThere(store, asked);
  const unasked = targets.filter((target) => !runs.some((run) => run.targets.has(target)));
  if (targets.length === 0 || runs.length === 0) return waits(`no run in Sluice asks for ${name} in ${environment}`);
  if (unasked.length > 0) return waits(`no run in Sluice asks for ${unasked.join(", ")} of ${name}`);
  // What every run has found live already is nobody's to decide.
  const needed = targets.filter((target) => runs.some((run) => run.targets.has(target) && !run.skipped.has(target)));
  const decisions = (await store.decisions({ commit, environment })).filter((row) => stillCounts(row, now));
  const last = decisions.at(-1);
  if (needed.length === 0 || !last) return waits(`${name} is not approved in ${environment}`);
  if (last.verdict === "rejected" && needed.every((target) => last.fingerprints[target] !== undefined))
    return { is: "rejected", by: [last.by] };
  const stop = await stopOf(store, environment, targets);
  if (stop !== null) return waits(stop);
  const byTarget = needed.map((target) => decisions.filter((row) => counts(row, target, runs, asked)));
  const isOpen = (rows: readonly DecisionRow[]): boolean =>
    rows.some(({ emergency }) => emergency) || new Set(rows.map(({ by }) => by)).size >= approval.count;
  if (last.verdict === "approved" && byTarget.every(isOpen)) {
    const rows = byTarget.flat();
    const at = Math.min(...rows.map((row) => row.at));
    return { is: "approved", by: [...new Set(rows.map(({ by }) => by))], emergency: rows.some(({ emergency }) => emergency), at };
  }
  return waits(`${name} is not approved in ${environment}`);
}

/** Newest first: those that have something to deploy of the commit there. */
async function runsThere(store: VerdictStore, { commit, environment }: Asked): Promise<readonly Run[]> {
  const { items } = await store.runs({ commit, kind: "deploy" }, { limit: LOOKED_AT, cursor: null });
  const found: Run[] = [];
  for (const run of items) {
    const plan = await store.plan(run.id);
    const here = Object.values(plan?.members ?? {}).filter((member) => member.environment === environment);
    if (here.length === 0) continue;
    const skipped = (await store.steps(run.id)).filter(isLive).map(({ id }) => id.slice("deploy:".length) as TargetId);
    const seen = (await store.renders(run.id)).flatMap(({ target, fingerprint: applied }) =>
      applied === null ? [] : [[target, seenAs(run, applied)] as const],
    );
    found.push({ by: run.by, targets: new Set(here.map(({ target }) => target)), skipped: new Set(skipped), seen: new Map(seen) });
  }
  return found;
}

/** Left out since it is there, or something newer is; a pin leaves out what a workflow might still deploy. */
const isLive = ({ kind, status, reason }: StepRow): boolean =>
  kind === "deploy" && status === "skipped" && (reason?.code === "already-live" || reason?.code === "newer-is-live");

/** As the core has it: what a run asks to be let through is part of what is decided. */
const seenAs = ({ options: { skipNeeds, acceptDiverged } }: RunRow, applied: Digest): Digest =>
  skipNeeds === null && acceptDiverged === null ? applied : fingerprint({ applied, skipNeeds, acceptDiverged });

/** For a target: on what would be applied by now, by somebody who may and has started nothing that holds it. */
function counts(row: DecisionRow, target: TargetId, runs: readonly Run[], { environment, policy, starters }: Asked): boolean {
  const { verdict, by, emergency, fingerprints, voids } = row;
  const its = policy.environments[environment];
  if (verdict !== "approved" || !its?.approval || voids[target] !== undefined) return false;
  const newest = runs.find((run) => run.seen.has(target));
  if (fingerprints[target] === undefined || fingerprints[target] !== newest?.seen.get(target)) return false;
  if (emergency) return resolvePrincipals(its.emergency, policy.teams).includes(by);
  const who = approversOf(its, its.approval, policy.teams);
  const authors = [...starters, ...runs.flatMap((run) => (run.targets.has(target) ? [run.by] : []))];
  return (who === null || who.includes(by)) && (its.approval.self || !isAmong(authors, by));
}
