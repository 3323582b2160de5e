import type { CommitId } from "../../core/config/config.ts";

/** What only a server asks of a forge, beside what `Forge` has. Methods reject with `ForgeError`. */
export interface ServerForge {
  /** Login of who moved a branch to this commit; null: nobody did, as far as the forge remembers. */
  pushedBy(branch: string, commit: CommitId): Promise<string | null>;
  /** Said again it replaces what was said under the same context. */
  setCommitStatus(commit: CommitId, status: CommitStatus): Promise<void>;
  /** As an App: what its rule says of an environment for which a workflow run waits. Resolves also where nothing waits for it any more. */
  passGate(run: number, environment: string, state: "approved" | "rejected", comment: string): Promise<void>;
  /** As an App: says why it has not decided yet. GitHub takes that ten times a run and environment; resolves also where it takes no more, or nothing waits. */
  explainGate(run: number, environment: string, comment: string): Promise<void>;
}

/** Requests that are left of one resource until it is renewed, ms since 1970. */
export type Budget = { readonly resource: string; readonly left: number; readonly limit: number; readonly resetsAt: number };

/** As an App: check runs. Methods reject with `ForgeError`. */
export interface ChecksForge {
  /** Says it in the App's own check run beside the commit, of which there is one for each project: that of the id, else the one that is found, else a new one. Resolves to its id. */
  setCheck(commit: CommitId, check: Check, known: number | null): Promise<number>;
}

/** Pull requests and what is said at them. Methods reject with `ForgeError`. */
export interface PullsForge {
  /** null: there is none of that number. */
  pull(number: number): Promise<Pull | null>;
  /** All that are open into a branch, and a tag for them; null: they are the same as under that tag, which costs nothing. */
  openPulls(base: string, tag: string | null): Promise<{ readonly pulls: readonly Pull[]; readonly tag: string | null } | null>;
  /** Says it in the one comment of ours that begins with the marker: that of the id, else the one that is found, else a new one. Nobody else's is touched. Resolves to its id. */
  setComment(pull: number, comment: { readonly marker: string; readonly body: string }, known: number | null): Promise<number>;
}

export type Pull = {
  readonly number: number;
  readonly open: boolean;
  readonly draft: boolean;
  /** The branch that it would be merged into. */
  readonly base: string;
  readonly head: CommitId;
  /** From a branch of the repository itself, which only those may push to who may write there. */
  readonly own: boolean;
};

export type Check = {
  /** At most 200 characters. */
  readonly title: string;
  /** Markdown, at most 65,535 bytes. */
  readonly summary: string;
  /** null: it is under way. */
  readonly conclusion: "success" | "failure" | "neutral" | "cancelled" | null;
  readonly url: string | null;
};

export type CommitStatus = {
  readonly state: "pending" | "success" | "failure" | "error";
  readonly context: string;
  /** At most 140 characters. */
  readonly description: string;
  readonly url: string | null;
};
