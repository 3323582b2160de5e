import type { TargetId } from "../core/config/config.ts";
import { unknownsOf } from "../core/plan/preflight.ts";
import { planRollback, type RollbackPlanResult } from "../core/plan/rollback.ts";
import type { RunRow, SnapshotRow } from "../core/run/rows.ts";
import { admit, admittedBefore } from "./acts.ts";
import { type Actor, type RollbackPreview, type RollbackRequest, RequestError } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import { lookAtWhatStays } from "./fresh.ts";
import { factsOf } from "./rollback-facts.ts";
import { setOf } from "./rollback-set.ts";

type Prepared = RollbackPlanResult & {
  readonly snapshot: SnapshotRow;
  /** What goes back though nobody knows whether it can. */
  readonly accepted: readonly TargetId[];
};

/** Section 7: every problem of the whole set, before anything is touched. */
export async function previewRollback(parts: DeployParts, request: RollbackRequest): Promise<RollbackPreview> {
  const { plan, targets, problems, snapshot } = await prepare(parts, request);
  return {
    environment: request.environment,
    snapshot: { id: snapshot.id, at: snapshot.at, release: snapshot.release },
    targets: targets.map((t) => ({
      target: t.target,
      from: t.from?.commit ?? null,
      to: t.to.commit,
      digest: t.to.digest,
      means: t.means,
      skip: t.skip,
    })),
    problems,
    notes: plan.notes,
    plan,
  };
}

export async function rollback(parts: DeployParts, request: RollbackRequest, actor: Actor): Promise<{ readonly run: RunRow }> {
  const before = await admittedBefore(parts.store, actor);
  if (before) return { run: before };
  if (request.reason.trim() === "") throw new RequestError("invalid", "a rollback needs a reason", "say why with --reason");
  const { plan, problems, snapshot, accepted } = await prepare(parts, request);
  if (problems.length > 0)
    throw new RequestError(
      "conflict",
      `nothing has been touched: ${problems.map((p) => `${p.target === null ? "" : `${p.target}: `}${p.message}`).join("; ")}`,
      [...new Set(problems.map((p) => p.hint))].join("; "),
    );
  const event = {
    type: "rollback.admitted" as const,
    plan,
    reason: reasonOf(request, accepted),
    snapshot,
    decided: (await parts.store.decisions({ environment: request.environment })).filter((x) => x.voided === null),
    now: request.now,
    named: request.services !== null,
    cause: null,
  };
  return { run: await admit(parts, event, actor) };
}

/** Whoever looks at the run, or at the hold that it leaves, sees what was let pass. */
const reasonOf = ({ reason }: RollbackRequest, accepted: readonly TargetId[]): string =>
  accepted.length === 0 ? reason : `${reason} (accepted: whether it can be taken back cannot be known of ${accepted.join(", ")})`;

async function prepare(parts: DeployParts, request: RollbackRequest): Promise<Prepared> {
  const policy = await parts.configs.policy(parts.policyRef);
  await parts.loop.flush();
  const snapshot = await setOf(parts, policy, request);
  const { services, acceptUnknown } = request;
  await lookAtWhatStays(parts, snapshot, services);
  const facts = await factsOf(parts, policy, snapshot, { services });
  const planned = planRollback({ ...facts, services, acceptUnknown, named: new Set(services) });
  const unknown = planned.targets.filter((t) => t.skip === null && unknownsOf(facts, t.target).length > 0);
  return { ...planned, snapshot, accepted: acceptUnknown ? unknown.map((t) => t.target) : [] };
}
