import { randomUUID } from "node:crypto";
import type { CommitId, EnvironmentId, TargetId } from "../core/config/config.ts";
import { stillCounts } from "../core/run/approvals.ts";
import type { Answer } from "../core/run/events.ts";
import type { RunRow, StepRow } from "../core/run/rows.ts";
import { runEnded, stepEnded } from "../core/run/status.ts";
import { type Actor, type Control, type Decided, RequestError } from "./control.ts";
import type { Loop } from "./loop.ts";
import { pendingApprovals, standingsOf } from "./pending.ts";
import type { Clock } from "./ports/clock.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

export type DecisionParts = { readonly loop: Loop; readonly store: Store; readonly source: Source; readonly clock: Clock };
type Request = Parameters<Control["decide"]>[0];
type Asked = { readonly verdict: Request["verdict"]; readonly commit: CommitId; readonly environment: EnvironmentId };

/** Runs of the commit that are looked at for why nothing of it waits. */
const LOOKED_BACK = 10;

/** One act, one record; what was decided before is answered as such, and where nothing waits any more, what has become of it. */
export async function decide(parts: DecisionParts, request: Request, actor: Actor): Promise<Decided> {
  const commit = await parts.source.resolve(request.commit);
  const { verdict, environment, comment, expect, emergency } = request;
  if (emergency && !comment?.trim())
    throw new RequestError("invalid", "an emergency needs a reason", "say why with --reason; it is kept, to be reviewed afterwards");
  const asked: Asked = { verdict, commit, environment };
  const answer = await parts.loop.command({
    type: "gate.decided",
    id: randomUUID(),
    by: actor.name,
    verdict,
    commit,
    environment,
    comment,
    expect,
    targets: targetsOf(parts, request, commit),
    emergency,
  });
  if (answer.ok && answer.decision) return { ...answer, standings: standingsOf(parts.loop.state, environment, answer.decision) };
  if (answer.ok || answer.code !== "nothing-waits") return answer;
  return (await recordedBefore(parts, asked)) ?? (await whatBecame(parts, asked, answer));
}

/** The targets that are meant; null: all that wait. */
function targetsOf(parts: DecisionParts, { environment, only, except }: Request, commit: CommitId): readonly TargetId[] | null {
  if (only === null && except === null) return null;
  if (only !== null && except !== null)
    throw new RequestError("invalid", "give either only or except, not both", "name the services that are meant");
  const gates = pendingApprovals(parts.loop.state).filter((gate) => gate.commit === commit && gate.environment === environment);
  const waiting = [...new Set(gates.flatMap((gate) => gate.members))];
  const named = (only ?? except ?? []).map((service): TargetId => `${service}@${environment}`);
  const strange = named.filter((target) => !waiting.includes(target));
  if (waiting.length > 0 && strange.length > 0)
    throw new RequestError(
      "invalid",
      `${strange.join(", ")} does not wait for a decision on ${commit.slice(0, 12)}`,
      `what waits: ${waiting.join(", ")}`,
    );
  const left = only !== null ? named : waiting.filter((target) => !named.includes(target));
  if (waiting.length > 0 && left.length === 0)
    throw new RequestError("invalid", "nothing that waits is left to decide on", `what waits: ${waiting.join(", ")}`);
  return left;
}

/** Deciding twice is harmless, also when the run has ended since and the core has let go of it. */
async function recordedBefore({ store, clock }: DecisionParts, { verdict, commit, environment }: Asked): Promise<Answer | null> {
  const recorded = (await store.decisions({ commit, environment })).findLast((x) => stillCounts(x, clock.now()));
  if (recorded?.verdict !== verdict) return null;
  return { ok: true, decision: { id: recorded.id, targets: Object.keys(recorded.fingerprints) as TargetId[], runs: [], already: true } };
}

/** The newest run of the commit in the environment whose members have ended there, and by whom or what. */
async function whatBecame(
  { store, clock }: DecisionParts,
  { verdict, commit, environment }: Asked,
  answer: Extract<Answer, { readonly ok: false }>,
): Promise<Answer> {
  const { items } = await store.runs({ commit, kind: "deploy" }, { limit: LOOKED_BACK, cursor: null });
  for (const run of items) {
    const here = (await store.steps(run.id)).filter((step) => step.kind === "deploy" && step.id.endsWith(`@${environment}`));
    if (here.length === 0) continue;
    const end = here.every((step) => stepEnded(step.status)) ? endOf(run, here, environment) : null;
    if (end === null) return { ...answer, ...(verdict === "rejected" ? { hint: takenBack(run) } : {}) };
    const last = (await store.decisions({ commit, environment })).findLast((x) => stillCounts(x, clock.now()));
    const decided = last ? `${last.by} ${last.verdict} it, and ` : "";
    return { ...answer, message: `nothing waits for ${commit.slice(0, 12)} at the gate of ${environment}: ${decided}${end}` };
  }
  return answer;
}

/** What was approved waits for no decision any more, and may not have begun all the same. */
const takenBack = ({ id }: RunRow): string =>
  `what of it has not begun is taken back with its run: sluice run cancel ${id}; what waits: sluice approvals`;

function endOf(run: RunRow, members: readonly StepRow[], environment: EnvironmentId): string {
  const { stopped } = run;
  if (stopped) return `run ${run.id} was ${stopped.how} by ${stopped.by}${stopped.reason ? `: ${stopped.reason}` : ""}`;
  const reasons = members.map((step) => step.reason);
  const newer = reasons.find((reason) => reason?.code === "superseded");
  if (newer) return `run ${run.id} was superseded there by ${newer.commit.slice(0, 12)}, run ${newer.run}`;
  const rollback = reasons.find((reason) => reason?.code === "rolled-back");
  if (rollback) return `run ${run.id} was superseded there by the rollback, run ${rollback.run}`;
  const there = members.every((step) => step.status === "succeeded" || step.status === "skipped");
  if (there) return `run ${run.id} has done its part in ${environment} already`;
  return `run ${run.id} ${runEnded(run.status) ? `has ended: ${run.status}` : "has nothing left to start there"}`;
}
