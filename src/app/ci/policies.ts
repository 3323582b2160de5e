import type { CommitId, Digest, Policy } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { Configs } from "../../engine/configs.ts";
import { RequestError } from "../../engine/control.ts";
import { SourceError, type SourceErrorCode } from "../../engine/ports/source.ts";
import type { GitSource } from "../../source/git.ts";
import type { Version } from "../../source/history.ts";

type Parts = { readonly source: GitSource; readonly configs: Configs; readonly policy: Policy; readonly policyCommit: CommitId };

/** Versions that are known of, newest first, and how many of these are tried for one time. */
const MOST = 500;
const TRIED = 40;

type Read = { readonly policy: Policy; readonly key: Digest };
const keyed = (policy: Policy): Read => ({ policy, key: fingerprint(policy) });

/** The versions of policy that the default branch itself has had: what it was before something was merged there, and never what only a branch has said. */
export class Policies {
  readonly #parts: Parts;
  readonly #today: Read;
  #head: CommitId;
  #versions: Promise<readonly Version[]> | null = null;
  readonly #read = new Map<CommitId, Promise<Read | null>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#today = keyed(parts.policy);
    this.#head = parts.policyCommit;
  }

  /** The branch has gone on to this commit. */
  moved(head: CommitId): void {
    this.#head = head;
    this.#versions = null;
  }

  /** Today's, which usually is it; then that of a time, and its neighbours on both sides: when a commit was made is not when it was pushed. Each policy once. */
  async *around(time: number): AsyncGenerator<Policy> {
    const { source, configs } = this.#parts;
    const tried = new Set([this.#today.key]);
    yield this.#today.policy;
    this.#versions ??= source.versionsOf(this.#head, configs.file, MOST);
    for (const { commit } of nearest(await this.#versions, time).slice(0, TRIED)) {
      const found = await this.#at(commit);
      if (found === null || tried.has(found.key)) continue;
      tried.add(found.key);
      yield found.policy;
    }
  }

  #at(commit: CommitId): Promise<Read | null> {
    const known = this.#read.get(commit);
    if (known) return known;
    // what this Sluice cannot read nothing is believed by
    const read = this.#parts.configs.at(commit).then(({ policy }) => keyed(policy), nullIfUnreadable);
    this.#read.set(commit, read);
    read.catch(() => this.#read.delete(commit));
    return read;
  }
}

/** What stays so, however often it is tried. */
const LASTING: readonly SourceErrorCode[] = ["unknown-commit", "unsafe-path", "too-large"];

/** A file that cannot be read at a commit says nothing; that git could not be asked just now is no answer, and rejects. */
export function nullIfUnreadable(error: unknown): null {
  if (error instanceof RequestError || (error instanceof SourceError && LASTING.includes(error.code))) return null;
  throw error;
}

/** The newest at or before a time first, then the others by how many lie between. `versions`: newest first. */
function nearest(versions: readonly Version[], time: number): readonly Version[] {
  const first = versions.findIndex(({ at }) => at <= time);
  const from = first === -1 ? versions.length : first;
  const away = (index: number): number => (index >= from ? index - from : from - index - 0.5);
  return versions
    .map((version, index) => ({ version, away: away(index) }))
    .toSorted((a, b) => a.away - b.away)
    .map(({ version }) => version);
}
