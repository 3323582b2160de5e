import type { CommitId, ServiceId } from "../../core/config/config.ts";
import type { IrreversibleCommit } from "../../core/plan/irreversible.ts";
import type { RelationRow } from "../../core/run/rows.ts";

/** How many commits, and the newest of them, at most `MAX_LISTED`. */
export type CommitList = {
  readonly count: number;
  readonly newest: readonly { readonly id: CommitId; readonly subject: string; readonly author: string; readonly at: number }[];
};
export const MAX_LISTED = 50;

/** A git repository, read only; its paths are counted from the folder that `sluice.yaml` lies in. Every method rejects with a `SourceError`. */
export interface Source {
  /** Where in the repository its paths begin, for messages and for what is kept under a name; left out or empty: at the root. */
  readonly folder?: string;
  /** The full id of a ref, a short hash or `HEAD`. */
  resolve(ref: string): Promise<CommitId>;
  /** A file's text at a commit; null where there is none. Symlinks and paths that leave the folder are refused. */
  file(commit: CommitId, path: string): Promise<string | null>;
  /** Subject line, author and time (ms) for display. */
  describe(commit: CommitId): Promise<{ readonly subject: string; readonly author: string; readonly email: string; readonly at: number }>;
  /** Where policy is read from: the given ref, else `origin/HEAD`, else local `main`. */
  policyRef(asked: string | null): Promise<{ readonly ref: string; readonly commit: CommitId }>;
  /** Whether the commit is reachable from a branch that matches one of the globs. */
  reachableFrom(commit: CommitId, refs: readonly string[]): Promise<boolean>;
  /** `services`: paths by service, as the release's config says; empty paths mean the whole source, also what lies outside of the folder. */
  relate(release: CommitId, live: CommitId, services: Readonly<Record<ServiceId, readonly string[]>>): Promise<RelationRow>;
  /** Commits that `to` has and `from` lacks; null where one of the two is not there. */
  between(from: CommitId, to: CommitId): Promise<CommitList | null>;
  /**
   * Of the commits that `from` (what is live) has and `to` lacks, newest first: those that carry a trailer `Irreversible:`, or change one of the paths.
   * Rejects where that cannot be known, such as for a commit that is gone.
   */
  irreversible(from: CommitId, to: CommitId, paths: readonly string[]): Promise<readonly IrreversibleCommit[]>;
  /** Whether tracked files differ from HEAD. */
  dirty(): Promise<boolean>;
  /** Writes a folder at a commit (`.`: that of `sluice.yaml`) into an empty directory, without links that lead out of it. */
  checkout(commit: CommitId, path: string, into: string): Promise<void>;
  /** Keeps a commit from being garbage-collected, whatever happens to its branches. */
  keep(commit: CommitId): Promise<void>;
}

/** A directory that holds a folder of a commit's tree, shared by all that read it. Rejects with a `SourceError`. */
export type Trees = (commit: CommitId, folder: string) => Promise<string>;

export type SourceErrorCode =
  | "no-git"
  | "not-a-repository"
  | "shallow"
  | "unknown-commit"
  | "ambiguous-commit"
  | "no-policy-ref"
  | "unsafe-path"
  | "remote-denied"
  | "too-large"
  | "git-failed";
/** A problem that the user can act on. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: SourceErrorCode;
  readonly hint: string;
  constructor(code: SourceErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
