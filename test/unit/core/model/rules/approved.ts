import type { TargetId } from "../../../../../src/core/config/config.ts";
import { fingerprint } from "../../../../../src/core/plan/fingerprint.ts";
import type { DecisionRow, RunRow } from "../../../../../src/core/run/rows.ts";
import { stepEnded } from "../../../../../src/core/run/status.ts";
import type { World } from "../world.ts";
import { environmentOf, type Memory } from "./memory.ts";

/**
 * Invariant 3: who has decided that this is applied to a target: on this very fingerprint, lately, and since the last rollback there.
 * `standing`: none that the core holds void. null: no gate asks.
 */
export function deciders(
  world: World,
  memory: Memory,
  run: RunRow,
  target: TargetId,
  applied: string | null,
  standing = false,
): { readonly persons: number; readonly needed: number } | null {
  const environment = environmentOf(target);
  const policy = world.db.plans.get(run.id)?.environments[environment];
  if (!policy?.approval) return null;
  const { approval } = policy;
  const may = policy.approvers.length > 0 ? policy.approvers : policy.deployers;
  const { skipNeeds, acceptDiverged } = run.options;
  // an exception is part of what people see at the gate
  const seen = skipNeeds === null && acceptDiverged === null ? applied : fingerprint({ applied, skipNeeds, acceptDiverged });
  const authors = approval.self ? NOBODY : authorsOf(world, run, target);
  const persons = new Set<string>();
  for (const row of world.db.decisions.values()) {
    if (row.commit !== run.commit || row.environment !== environment || row.fingerprints[target] !== seen) continue;
    if (standing && (row.voided !== null || row.voids[target] !== undefined)) continue;
    if (!counts(world, memory, row, target, approval.expiresMs)) continue;
    if (row.emergency && policy.emergency.includes(row.by)) return { persons: approval.count, needed: approval.count };
    if ((may.length === 0 || may.includes(row.by)) && !authors.has(row.by)) persons.add(row.by);
  }
  return { persons: persons.size, needed: approval.count };
}
const NOBODY: ReadonlySet<string> = new Set();

function counts(world: World, memory: Memory, row: DecisionRow, target: TargetId, expiresMs: number | null): boolean {
  if (row.verdict !== "approved" || row.at + (expiresMs ?? Number.POSITIVE_INFINITY) <= world.now) return false;
  if (memory.failedSince.get(row.id)?.has(target) === true) return false;
  const when = memory.decided.get(row.id) ?? -1;
  const back = Math.max(memory.rolledBack.get(environmentOf(target)) ?? -1, memory.rolledBack.get(target) ?? -1);
  return when > back;
}

/** Nobody who started a run that holds the target: of the same commit, and not ended there; a rollback is held by itself alone. */
function authorsOf(world: World, run: RunRow, target: TargetId): ReadonlySet<string> {
  const authors = new Set([run.by]);
  if (run.kind === "rollback") return authors;
  for (const other of world.state.runs.values()) {
    if (other.kind !== "deploy" || other.commit !== run.commit) continue;
    const row = world.step(other.id, `deploy:${target}`);
    if (row && !stepEnded(row.status)) authors.add(other.by);
  }
  return authors;
}
