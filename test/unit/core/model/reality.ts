import type { CommitId, ServiceId, TargetId } from "../../../../src/core/config/config.ts";
import type { AttemptId } from "../../../../src/core/run/rows.ts";
import { goodKey } from "../../../../src/core/run/state.ts";

export type Applied = { readonly commit: CommitId; readonly attempt: AttemptId };
export type Word = "serving" | "good" | "bad";

/** What is really there, apart from what the core believes: what drivers have written, and what checks have said of it. */
export class Reality {
  /** What is really on each target, and everybody who ever put something there. */
  readonly actual = new Map<TargetId, Applied>();
  readonly written = new Map<TargetId, AttemptId[]>();
  /** What the checks said of what is there; nothing: they have not. */
  readonly checked = new Map<TargetId, Word>();
  readonly goodEver = new Set<string>();
  /** The last commit that was good on each target. */
  readonly lastGood = new Map<TargetId, CommitId>();
  /** How often a service's rendering has changed without its commit. */
  readonly renderings = new Map<ServiceId, number>();
  /** Commits whose images, where these are awaited, nobody has pushed yet. */
  readonly unpushed = new Set<CommitId>();
  /** Commits that git does not know any more. */
  readonly gone = new Set<CommitId>();
  /** Targets that were written or judged since they were last looked at. */
  readonly touched = new Set<TargetId>();
  /** When a commit was last live on a target that now has another one, counted in writes. */
  readonly #was = new Map<string, number>();
  #writes = 0;

  protected copyReality(from: Reality): void {
    for (const [target, applied] of from.actual) this.actual.set(target, applied);
    for (const [target, attempts] of from.written) this.written.set(target, [...attempts]);
    for (const [target, word] of from.checked) this.checked.set(target, word);
    for (const key of from.goodEver) this.goodEver.add(key);
    for (const [target, commit] of from.lastGood) this.lastGood.set(target, commit);
  }

  /** A moment, for `wasLive`. */
  get moment(): number {
    return this.#writes;
  }
  /** Whether a commit was live on a target at any time since that moment. */
  wasLive(target: TargetId, commit: CommitId, since: number): boolean {
    return this.actual.get(target)?.commit === commit || (this.#was.get(goodKey(target, commit)) ?? -1) > since;
  }

  write(target: TargetId, applied: Applied): void {
    const before = this.actual.get(target);
    this.#writes++;
    if (before) this.#was.set(goodKey(target, before.commit), this.#writes);
    this.actual.set(target, applied);
    this.checked.delete(target);
    this.touched.add(target);
    const attempts = this.written.get(target);
    if (attempts) attempts.push(applied.attempt);
    else this.written.set(target, [applied.attempt]);
  }

  /** Somebody else has removed what was there. */
  vanish(target: TargetId): void {
    const before = this.actual.get(target);
    if (!before) return;
    this.#was.set(goodKey(target, before.commit), ++this.#writes);
    this.actual.delete(target);
    this.checked.delete(target);
    this.touched.add(target);
  }

  /** Somebody else has put back what was there; nobody has checked it. */
  reappear(target: TargetId, applied: Applied): void {
    this.actual.set(target, applied);
    this.touched.add(target);
  }

  say(target: TargetId, word: Word): void {
    const there = this.actual.get(target);
    if (!there) return;
    this.touched.add(target);
    this.checked.set(target, word);
    if (word !== "good") return;
    this.goodEver.add(goodKey(target, there.commit));
    this.lastGood.set(target, there.commit);
  }

  fingerprint(service: ServiceId, commit: CommitId): string {
    return `${service} ${commit} ${this.renderings.get(service) ?? 0}`;
  }
}
