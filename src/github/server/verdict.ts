import type { CommitId, EnvironmentId, Policy, TargetId } from "../../core/config/config.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import { stillCounts } from "../../core/run/approvals.ts";
import type { DecisionRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { approversOf } from "../gates/judge.ts";

/** What has been decided on a commit in an environment as a whole; `waits`: nothing that lets a workflow run pass or ends it, and why. */
export type Verdict =
  | { readonly is: "approved" | "rejected"; readonly by: readonly string[] }
  | { readonly is: "waits"; readonly why: string };

export type Asked = {
  readonly commit: CommitId;
  readonly environment: EnvironmentId;
  /** Logins of who has started the workflow run. */
  readonly startedBy: string;
  readonly policy: Policy;
  readonly now: number;
};

/** Runs of the commit that are looked at for the one that deploys there. */
const LOOKED_AT = 50;

const waits = (why: string): Verdict => ({ is: "waits", why });

/** By recorded decisions alone, under today's policy. What is not known for certain waits: a workflow run deploys all of the environment, so a decision on a part of it is none. */
export async function verdictOn(store: Pick<Store, "decisions" | "runs" | "plan" | "steps">, asked: Asked): Promise<Verdict> {
  const { commit, environment, policy, now } = asked;
  const approval = policy.environments[environment]?.approval;
  if (!approval) return waits(`policy asks for no approval in ${environment}, so nothing is ever approved there`);
  const targets = await decidedTargets(store, asked);
  if (targets.length === 0) return waits(`no run in Sluice asks for ${commit.slice(0, 12)} in ${environment}`);
  const decisions = (await store.decisions({ commit, environment })).filter((row) => stillCounts(row, now));
  const last = decisions.at(-1);
  if (last?.verdict === "rejected" && targets.every((target) => last.fingerprints[target] !== undefined))
    return { is: "rejected", by: [last.by] };
  const counting = decisions.filter((row) => counts(row, asked));
  const byTarget = targets.map((target) =>
    counting.filter((row) => row.fingerprints[target] !== undefined && row.voids[target] === undefined),
  );
  const isOpen = (rows: readonly DecisionRow[]): boolean =>
    rows.some(({ emergency }) => emergency) || new Set(rows.map(({ by }) => by)).size >= approval.count;
  if (last?.verdict === "approved" && byTarget.every(isOpen))
    return { is: "approved", by: [...new Set(byTarget.flat().map(({ by }) => by))] };
  return waits(`${commit.slice(0, 12)} is not approved in ${environment}`);
}

/** Of the newest run that has something to deploy of the commit there: all that it did not skip, which need no decision. */
async function decidedTargets(store: Pick<Store, "runs" | "plan" | "steps">, { commit, environment }: Asked): Promise<readonly TargetId[]> {
  const { items } = await store.runs({ commit, kind: "deploy" }, { limit: LOOKED_AT, cursor: null });
  for (const run of items) {
    const plan = await store.plan(run.id);
    const here = Object.values(plan?.members ?? {}).filter((member) => member.environment === environment);
    if (here.length === 0) continue;
    const skipped = new Set((await store.steps(run.id)).flatMap(({ id, status }) => (status === "skipped" ? [id] : [])));
    const targets = here.map(({ target }) => target).filter((target) => !skipped.has(`deploy:${target}`));
    if (targets.length > 0) return targets;
  }
  return [];
}

function counts({ verdict, by, emergency }: DecisionRow, { environment, policy, startedBy }: Asked): boolean {
  const its = policy.environments[environment];
  if (verdict !== "approved" || !its?.approval) return false;
  if (emergency) return resolvePrincipals(its.emergency, policy.teams).includes(by);
  const who = approversOf(its, its.approval, policy.teams);
  const isOwn = by.toLowerCase() === startedBy.toLowerCase();
  return (who === null || who.includes(by)) && (its.approval.self || !isOwn);
}
