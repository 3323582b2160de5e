import type { EnvironmentId, TargetId } from "../config/config.ts";
import type { Draft } from "./draft.ts";
import type { Answer, Event } from "./events.ts";
import type { Overlay } from "./overlay.ts";
import type { Lock, Time } from "./rows.ts";

/** What a person or policy puts in the way of a target or an environment, and takes away again. */
export type StopEvent = Extract<
  Event,
  {
    readonly type:
      | "target.locked"
      | "target.unlocked"
      | "environment.locked"
      | "environment.unlocked"
      | "target.pinned"
      | "target.unpinned"
      | "environment.frozen"
      | "environment.thawed"
      | "environment.held"
      | "environment.unheld";
  }
>;
const DONE: Answer = { ok: true };

export function stop(d: Draft, event: StopEvent): Answer {
  switch (event.type) {
    case "target.locked": {
      const refused = pastEnd(d, event.until);
      if (refused) return refused;
      d.setTarget({ ...d.target(event.target), lock: lockOf(d, event) });
      return DONE;
    }
    case "target.unlocked": {
      const row = d.target(event.target);
      if (!stands(row.lock, d.at)) return nothing(`${event.target} is not locked`, "what is locked: sluice status");
      d.setTarget({ ...row, lock: null });
      return DONE;
    }
    case "environment.locked": {
      const refused = pastEnd(d, event.until);
      if (refused) return refused;
      d.setEnvironment({ ...d.environment(event.environment), lock: lockOf(d, event) });
      return DONE;
    }
    case "environment.unlocked": {
      const row = d.environment(event.environment);
      if (!stands(row.lock, d.at))
        return nothing(`${event.environment} is not locked`, `one target: sluice unlock SERVICE@${event.environment}`);
      d.setEnvironment({ ...row, lock: null });
      return DONE;
    }
    case "target.pinned":
      d.setTarget({ ...d.target(event.target), pin: { commit: event.commit, by: event.by, at: d.at, reason: event.reason } });
      return DONE;
    case "target.unpinned": {
      const row = d.target(event.target);
      if (!row.pin) return nothing(`${event.target} is not pinned`, "what is pinned: sluice status");
      d.setTarget({ ...row, pin: null });
      return DONE;
    }
    case "environment.frozen":
      d.setEnvironment({ ...d.environment(event.environment), freeze: { until: event.until, reason: event.reason } });
      return DONE;
    case "environment.thawed":
      if (d.environment(event.environment).freeze) d.setEnvironment({ ...d.environment(event.environment), freeze: null });
      return DONE;
    case "environment.held":
      if (d.environment(event.environment).rollback !== null)
        return nothing(
          `run ${d.environment(event.environment).rollback} is rolling ${event.environment} back, and holds it`,
          `it stays held afterwards: sluice unhold ${event.environment}`,
        );
      d.setEnvironment({ ...d.environment(event.environment), hold: { by: event.by, at: d.at, reason: event.reason, run: null } });
      return DONE;
    case "environment.unheld":
      return unhold(d, event.environment);
  }
}

/** Locks whose time is over go, and whoever waits is looked at. */
export function endLocks(d: Draft): void {
  for (const on of d.endedLocks())
    if (on.includes("@")) d.setTarget({ ...d.target(on as TargetId), lock: null });
    else d.setEnvironment({ ...d.environment(on), lock: null });
}

/** Whether a lock is still in force. */
export const stands = (lock: Lock | null, at: Time): lock is Lock => lock !== null && (lock.until === null || lock.until > at);

/** The lock that stops a target, and what it is on: its own before its environment's. */
export function lockOn(d: Overlay, target: TargetId): { readonly on: string; readonly lock: Lock } | null {
  const { lock, environment } = d.target(target);
  if (stands(lock, d.at)) return { on: target, lock };
  const whole = d.environment(environment).lock;
  return stands(whole, d.at) ? { on: environment, lock: whole } : null;
}

const lockOf = (d: Draft, { by, reason, until }: Pick<Lock, "by" | "reason" | "until">): Lock => ({ by, at: d.at, reason, until });
const nothing = (message: string, hint: string): Answer => ({ ok: false, code: "conflict", message, hint });

function pastEnd(d: Draft, until: Time | null): Answer | null {
  return until !== null && until <= d.at ? nothing("the lock would have ended already", "name a time to come with --until") : null;
}

function unhold(d: Draft, environment: EnvironmentId): Answer {
  const row = d.environment(environment);
  if (!row.hold) return { ok: false, code: "conflict", message: `${environment} is not held` };
  if (row.rollback !== null)
    return {
      ok: false,
      code: "conflict",
      message: `run ${row.rollback} is rolling ${environment} back: the hold stays until it has ended`,
      hint: `sluice run watch ${row.rollback}`,
    };
  d.setEnvironment({ ...row, hold: null });
  return DONE;
}
