import type { TargetId } from "../config/config.ts";
import { type Draft, must } from "./draft.ts";
import type { AttemptRow, LedgerRow, Live, TargetRow } from "./rows.ts";

/** Invariant 9: every attempt that was made on a target is entered, also one that changed nothing. */
export function enter(d: Draft, attempt: AttemptRow, is: { readonly live: boolean }): Live {
  const target = must(attempt.target, "target of a deploy");
  const member = d.member(attempt.run, target);
  const seq = d.seq();
  const live: Live = {
    entry: seq,
    commit: member.commit,
    digest: attempt.digest,
    fingerprint: attempt.fingerprint ?? "",
    definition: member.definitionDigest,
    needs: member.definition.needs,
    attempt: attempt.id,
    run: attempt.run,
    since: d.at,
  };
  d.addLedger({ ...entryOf(target, live), live: is.live, serving: false, good: false, at: d.at });
  return live;
}

/** The release is on the target now; whether it serves is for its verify to say. */
export function becameLive(d: Draft, attempt: AttemptRow, url: string | null): void {
  const target = must(attempt.target, "target of a deploy");
  const live = enter(d, attempt, { live: true });
  const row = d.target(target);
  d.setTarget({ ...row, live, serving: false, good: false, observed: true, health: "progressing", url: url ?? row.url });
}

export function markServing(d: Draft, target: TargetId, serving: boolean): void {
  const row = d.target(target);
  update(d, { ...row, serving, good: serving && row.good, health: serving ? "healthy" : "degraded" });
}

/** Verified, and soaked where that is asked: from now on it may be promoted, and is part of the next snapshot. */
export function markGood(d: Draft, target: TargetId): void {
  const row = d.target(target);
  if (!row.live) return;
  update(d, { ...row, good: true, lastGood: row.live });
  d.setGood(target, row.live.commit);
}

function update(d: Draft, row: TargetRow): void {
  d.setTarget(row);
  if (row.live) d.addLedger({ ...entryOf(row.id, row.live), live: true, serving: row.serving, good: row.good, at: row.live.since });
}

function entryOf(target: TargetId, live: Live): Pick<LedgerRow, "seq" | "target" | "commit" | "digest" | "fingerprint" | "definition" | "attempt" | "run" | "source"> {
  const { entry: seq, commit, digest, fingerprint, attempt, run } = live;
  return { seq, target, commit, digest, fingerprint, definition: live.definition === "" ? null : live.definition, attempt, run, source: "attempt" };
}
