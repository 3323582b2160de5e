import type { z } from "@hono/zod-openapi";
import type * as schema from "../../contract/schemas/fleet.ts";
import type { EnvironmentRow, LedgerRow, Lock, SnapshotRow, TargetRow, Time } from "../../core/run/rows.ts";
import { stands } from "../../core/run/stops.ts";
import type { Control } from "../../engine/control.ts";
import type { Lookup } from "./lookup.ts";
import { instant, instantOrNull } from "./runs.ts";

export type Environment = z.infer<typeof schema.Environment>;
export type Target = z.infer<typeof schema.Target>;
type Policy = Awaited<ReturnType<Control["environments"]>>[number];

/** A target without a row yet is one that nothing was deployed to. `at`: as of when, for what ends by itself. */
export async function presentTarget(row: TargetRow, lookup: Lookup, at: Time): Promise<Target> {
  const { live, busy } = row;
  const tier = live ? await lookup.tier(live.definition) : null;
  return {
    service: row.service,
    environment: row.environment,
    commit: live?.commit ?? null,
    artifact: live?.digest ?? null,
    health: row.health,
    since: instantOrNull(live?.since ?? null),
    run: live?.run ?? null,
    ...(row.url === null ? {} : { url: row.url }),
    ...(tier === null ? {} : { tier }),
    serving: row.serving,
    good: row.good,
    // Only a step that runs has a target.
    ...(busy ? { running: { run: busy.run, step: busy.step, status: "running" as const } } : {}),
    queue: row.queue.length,
    unknown: row.unknown && { since: instant(row.unknown.since), commit: row.unknown.live.commit },
    lock: lockOf(row.lock, at),
    pin: row.pin && { ...row.pin, at: instant(row.pin.at) },
    unrestored: row.unrestored && { ...row.unrestored, at: instant(row.unrestored.at) },
  };
}

type Patch = z.infer<typeof schema.EnvironmentPatch>;

export const presentEnvironment = (policy: Policy, row: EnvironmentRow | undefined, at: Time): Environment => ({
  id: policy.id,
  needs: [...policy.needs],
  gate: policy.gate,
  ...(row ? stopsOf(row, at) : { hold: null, lock: null, freeze: null, rollback: null }),
});

export const presentEnvironmentPatch = (row: EnvironmentRow, at: Time): Patch => ({ id: row.id, ...stopsOf(row, at) });

const stopsOf = (row: EnvironmentRow, at: Time): Omit<Patch, "id"> => ({
  hold: row.hold && { ...row.hold, at: instant(row.hold.at) },
  lock: lockOf(row.lock, at),
  freeze: row.freeze && row.freeze.until > at ? { ...row.freeze, until: instant(row.freeze.until) } : null,
  rollback: row.rollback,
});

const lockOf = (lock: Lock | null, at: Time): Target["lock"] =>
  stands(lock, at) ? { ...lock, at: instant(lock.at), until: instantOrNull(lock.until) } : null;

export const presentLedgerEntry = (row: LedgerRow): z.infer<typeof schema.LedgerEntry> => ({
  seq: row.seq,
  target: row.target,
  commit: row.commit,
  artifact: row.digest,
  fingerprint: row.fingerprint,
  attempt: row.attempt,
  run: row.run,
  source: row.source,
  live: row.live,
  serving: row.serving,
  good: row.good,
  at: instant(row.at),
});

/** Whether a rollback has left a snapshot is known of the newest ones; older ones are not offered anyway. */
export function presentSnapshot(row: SnapshotRow, environment: EnvironmentRow | undefined): z.infer<typeof schema.Snapshot> {
  return {
    id: row.id,
    environment: row.environment,
    at: instant(row.at),
    run: row.run,
    release: row.release,
    left: environment?.snapshots.find((ref) => ref.id === row.id)?.left ?? false,
    targets: Object.entries(row.entries).map(([target, live]) => ({
      target,
      service: target.slice(0, target.indexOf("@")),
      environment: row.environment,
      commit: live.commit,
      artifact: live.digest,
    })),
  };
}
