import { planRollback, type RollbackPlanResult } from "../core/plan/rollback.ts";
import type { RunRow, SnapshotRow } from "../core/run/rows.ts";
import { admit, admittedBefore } from "./acts.ts";
import { type Actor, type RollbackPreview, type RollbackRequest, RequestError } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import { factsOf } from "./rollback-facts.ts";
import { setOf } from "./rollback-set.ts";

type Prepared = RollbackPlanResult & { readonly snapshot: SnapshotRow };

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
    plan,
  };
}

export async function rollback(parts: DeployParts, request: RollbackRequest, actor: Actor): Promise<{ readonly run: RunRow }> {
  const before = await admittedBefore(parts.store, actor);
  if (before) return { run: before };
  if (request.reason.trim() === "") throw new RequestError("invalid", "a rollback needs a reason", "say why with --reason");
  const { plan, problems, snapshot } = await prepare(parts, request);
  if (problems.length > 0)
    throw new RequestError(
      "conflict",
      `nothing has been touched: ${problems.map((p) => `${p.target === null ? "" : `${p.target}: `}${p.message}`).join("; ")}`,
      [...new Set(problems.map((p) => p.hint))].join("; "),
    );
  const event = {
    type: "rollback.admitted" as const,
    plan,
    reason: request.reason,
    snapshot,
    decided: (await parts.store.decisions({ environment: request.environment })).filter((x) => x.voided === null),
    now: request.now,
    cause: null,
  };
  return { run: await admit(parts, event, actor) };
}

async function prepare(parts: DeployParts, request: RollbackRequest): Promise<Prepared> {
  const policy = await parts.configs.policy(parts.policyRef);
  await parts.loop.flush();
  const snapshot = await setOf(parts, policy, request);
  const facts = await factsOf(parts, policy, snapshot);
  return { ...planRollback({ ...facts, services: request.services, named: new Set(request.services) }), snapshot };
}
