import { CliError, EXIT } from "../../cli/exit.ts";
import type { CommitId, EnvironmentId, TargetId } from "../../core/config/config.ts";
import type { RollbackPreview } from "../../engine/control.ts";
import { type Forge, ForgeError, type Review, type WorkflowRun } from "../../github/forge.ts";
import { approversOf, isAmong, reviewsAt } from "../../github/gates/judge.ts";
import { certainCommitOf, strangeness } from "../../github/gates/waiting.ts";
import { isServers, isTarget, type Record, runIdOf, type TargetRecord } from "../../github/records/record.ts";
import { once } from "../once.ts";
import { decidedInSluice } from "./approvers.ts";
import type { Approvers } from "./drive.ts";
import { judged } from "./gate.ts";
import { environmentOf, type Place } from "./place.ts";

/** Of a way back that is approved like a deploy. */
export const UNSHOWN = "It cannot be shown that all of what goes back was approved in";

/** What would go back. */
export type Back = readonly { readonly target: TargetId; readonly commit: CommitId }[];

/** Runs that are asked about for one target at one commit, oldest first: whoever writes many records later hides none of them. */
const TRIED = 5;

/**
 * Whether nobody need approve a way back: policy asks for no approval, or only of deploys, and people have let each commit that would be back pass there once. That it was there is said by records, which can be forged;
 * what is believed of these is only which workflow run to ask about, and GitHub says who has approved that. Where it cannot be shown, the way back is approved like a deploy.
 */
export async function isFree(
  place: Place,
  forge: Forge,
  environment: EnvironmentId,
  records: readonly Record[],
  back: Back,
): Promise<boolean> {
  const { approval, rollback } = environmentOf(place, environment);
  if (approval === null || rollback !== null) return rollback === null;
  const passed = once((run: number, commit: CommitId) => hasPassed(place, forge, environment, run, commit));
  for (const { target, commit } of back) {
    const own = records.filter((r): r is TargetRecord => isTarget(r) && r.wasGood && r.target === target && r.commit === commit);
    if (own.some((r) => isServers(r.run) && place.app !== null && r.by === `${place.app}[bot]`)) continue;
    const runs = [...new Set(own.filter((r) => !isServers(r.run)).map((r) => runIdOf(r.run)))].slice(0, TRIED);
    if (!(await anyOf(runs, (run) => passed(run, commit)))) return false;
  }
  return true;
}

type Going = {
  readonly run: WorkflowRun;
  readonly records: readonly Record[];
  readonly preview: RollbackPreview;
  readonly approvers: Approvers;
};

/** What policy asks of each way back the engine sees to; this, where one is approved like a deploy since nothing shows that it may do without. Rejects with a `CliError`. */
export async function mustBeLetThrough(place: Place, forge: Forge, { run, records, preview, approvers }: Going): Promise<void> {
  const { environment, targets, plan } = preview;
  const { approval, rollback } = environmentOf(place, environment);
  if (approval === null || rollback !== null) return;
  // what is there already may have changed by the time that its turn comes
  const back = targets.flatMap(({ target, to }) => (plan.members[target] ? [{ target, commit: to }] : []));
  if (await isFree(place, forge, environment, records, back)) return;
  const { problems } = await judged(place, forge, run, environment, { approval, back: true });
  if (problems.length === 0 && (await approvers(environment)).length > 0) return;
  const [problem] = problems;
  const why = problem ? `: ${problem.message}` : "";
  const hint = problem?.hint ?? "start the workflow anew, and let a reviewer approve it";
  throw new CliError(EXIT.notAllowed, `${UNSHOWN} ${environment}, and nobody has approved this rollback${why}`, hint);
}

async function anyOf(runs: readonly number[], is: (run: number) => Promise<boolean>): Promise<boolean> {
  for (const run of runs) if (await is(run)) return true;
  return false;
}

/** Whether people have let this run deploy this commit there: in Sluice, or on GitHub somebody whom today's policy counts, of a run whose commit is certain. */
async function hasPassed(place: Place, forge: Forge, environment: EnvironmentId, id: number, commit: CommitId): Promise<boolean> {
  const run = await forge.workflowRun(id);
  if (run === null) return false;
  if ((await decidedInSluice(forge, place.app, environment, commit, id)).approvers.length > 0) return true;
  if (strangeness(run, [place.inputs.branch, place.branch]) !== null || (await certainCommitOf(forge, run)) !== commit) return false;
  return isApproved(place, environment, run, await reviewsOf(forge, id));
}

function isApproved({ policy }: Place, environment: EnvironmentId, run: WorkflowRun, reviews: readonly Review[]): boolean {
  const rules = policy.environments[environment];
  // GitHub opens a gate after one
  if (!rules?.approval || rules.approval.count > 1) return false;
  const { self } = rules.approval;
  const approvers = approversOf(rules, rules.approval, policy.teams);
  const here = reviewsAt(environment, reviews);
  const counts = ({ state, by }: Review): boolean =>
    state === "approved" && (approvers === null || approvers.includes(by)) && (self || !isAmong(run.starters, by));
  return here.some(counts) && here.every(({ state }) => state !== "rejected");
}

/** GitHub keeps a run for so long only. */
async function reviewsOf(forge: Forge, run: number): Promise<readonly Review[]> {
  try {
    return await forge.reviews(run);
  } catch (error) {
    if (error instanceof ForgeError && error.code === "not-found") return [];
    throw error;
  }
}
