import type { TargetId } from "../config/config.ts";
import type { Draft } from "./draft.ts";
import { must } from "./overlay.ts";
import type { AttemptRow, LedgerRow, Live, TargetRow } from "./rows.ts";

/** What is on a target once an attempt has been applied; its entry is numbered when that is known. */
export function leftBy(d: Draft, attempt: AttemptRow): Live {
  const member = d.member(attempt.run, must(attempt.target, "target of a deploy"));
  return {
    entry: 0,
    commit: member.commit,
    digest: attempt.digest,
    fingerprint: attempt.fingerprint ?? "",
    definition: member.definitionDigest,
    needs: member.definition.needs,
    attempt: attempt.id,
    run: attempt.run,
    since: d.at,
  };
}

/** Invariant 9: what an attempt did is entered, also where it changed nothing. */
export function enter(d: Draft, target: TargetId, left: Live, is: { readonly live: boolean }): Live {
  const live: Live = { ...left, entry: d.seq(), since: d.at };
  d.addLedger({ ...entryOf(target, live), live: is.live, serving: false, good: false, at: d.at });
  return live;
}

/** The release is on the target now; whether it serves is for its verify to say. */
export function becameLive(d: Draft, target: TargetId, left: Live, url: string | null): void {
  const live = enter(d, target, left, { live: true });
  const row = d.target(target);
  d.setTarget({
    ...row,
    live,
    gone: null,
    serving: false,
    good: false,
    observed: true,
    health: "progressing",
    url: url ?? row.url,
    unrestored: null,
  });
}

/** A change from outside: nothing is there any more. The entry names what has gone, for that is what is missing; what comes next is not compared with it. */
export function becameNothing(d: Draft, target: TargetId): void {
  const row = d.target(target);
  if (!row.live) return d.setTarget({ ...row, health: "none", serving: false, good: false });
  const { commit, digest } = row.live;
  const nothing = { fingerprint: "", definition: null, attempt: null, run: null, source: "external", live: false } as const;
  d.addLedger({ seq: d.seq(), target, commit, digest, ...nothing, serving: false, good: false, at: d.at });
  d.setTarget({ ...row, live: null, gone: { ...row.live, needs: [] }, serving: false, good: false, health: "none", url: null });
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
  if (!row.live) return;
  // what was good once is recorded as that, whatever its checks say later
  const was = row.lastGood?.entry === row.live.entry;
  d.addLedger({ ...entryOf(row.id, row.live), live: true, serving: was || row.serving, good: was || row.good, at: row.live.since });
}

function entryOf(
  target: TargetId,
  live: Live,
): Pick<LedgerRow, "seq" | "target" | "commit" | "digest" | "fingerprint" | "definition" | "attempt" | "run" | "source"> {
  const { entry: seq, commit, digest, fingerprint, attempt, run } = live;
  return {
    seq,
    target,
    commit,
    digest,
    fingerprint,
    definition: live.definition === "" ? null : live.definition,
    attempt,
    run,
    source: "attempt",
  };
}
