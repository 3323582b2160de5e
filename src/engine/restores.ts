import { isSameRelease, planRestore, restoreSet } from "../core/plan/restore.ts";
import type { Effect } from "../core/run/effects.ts";
import type { AdmitRollback } from "../core/run/events.ts";
import type { Cause, EnvironmentRow, Live, SnapshotRow } from "../core/run/rows.ts";
import { admit, admittedBefore } from "./acts.ts";
import { RequestError } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import { messageOf } from "./errors.ts";
import { type Store, StoreError } from "./ports/store.ts";
import { environmentOf as environmentOfTarget } from "../core/config/names.ts";
import { allTargets, environmentOf, factsOf, relationsOf } from "./rollback-facts.ts";

type Ask = Extract<Effect, { readonly type: "rollback.ask" }>;
type Admission = Omit<AdmitRollback, "run" | "nonce" | "by">;

/**
 * `onFailure: rollback`: admits the run that brings back what has failed, or says why none can. Asked again after a crash, it admits no second one.
 * Rejects with `StoreError` while neither could be made durable; the effect is done when one of them is.
 */
export async function restore(parts: DeployParts, { cause, key }: Ask): Promise<void> {
  const { loop, store } = parts;
  const decline = (message: string) => loop.tell({ type: "rollback.declined", cause, message }, key);
  const failed = await store.run(cause.run);
  if (!failed) return decline(`run ${cause.run} is not known`);
  const actor = { name: failed.by, request: key };
  if (await admittedBefore(store, actor)) return loop.done(key);
  try {
    const admission = await prepare(parts, cause);
    if ("message" in admission) return decline(admission.message);
    await admit(parts, admission, actor);
    loop.done(key);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    decline(error instanceof RequestError ? `${error.message}: ${error.hint}` : messageOf(error));
  }
}

async function prepare(parts: DeployParts, cause: Cause): Promise<Admission | { readonly message: string }> {
  const environment = environmentOfTarget(cause.target);
  const policy = await parts.configs.policy(parts.policyRef);
  if (!policy.policy.environments[environment])
    return { message: `the policy of ${policy.ref} no longer has an environment ${environment}` };
  await parts.loop.flush();
  const targets = await allTargets(parts.store, environment);
  const lastGood = targets.find((t) => t.id === cause.target)?.lastGood ?? null;
  const row = await environmentOf(parts.store, environment);
  const base = lastGood && row ? await newestWith(parts.store, row, cause, lastGood) : null;
  const entries = { ...base?.entries, ...(lastGood ? { [cause.target]: lastGood } : {}) };
  const known = { targets, relations: await relationsOf(parts, targets, entries) };
  const asked = { cause, snapshots: base ? [base] : [] };
  const set = restoreSet({ ...known, ...asked });
  if ("message" in set) return set;
  // only what moves is looked into: its artifacts, and the commits on its way
  const planned = planRestore({ ...(await factsOf(parts, policy, set.snapshot, known)), ...asked });
  if ("message" in planned) return planned;
  return {
    type: "rollback.admitted",
    plan: planned.plan,
    reason: `onFailure: ${cause.step} of run ${cause.run} failed`,
    snapshot: planned.snapshot,
    decided: (await parts.store.decisions({ environment })).filter((x) => x.voided === null),
    now: false,
    named: false,
    cause,
  };
}

/** The newest recorded set that no rollback has left and that holds what was good last. */
async function newestWith(store: Store, row: EnvironmentRow, cause: Cause, lastGood: Live): Promise<SnapshotRow | null> {
  for (const { id, left } of row.snapshots.toReversed()) {
    const snapshot = left ? null : await store.snapshot(id);
    if (snapshot && isSameRelease(snapshot.entries[cause.target], lastGood)) return snapshot;
  }
  return null;
}
