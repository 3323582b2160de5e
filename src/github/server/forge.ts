import type { CommitId } from "../../core/config/config.ts";

/** What only a server asks of a forge, beside what `Forge` has. Methods reject with `ForgeError`. */
export interface ServerForge {
  /** Login of who moved a branch to this commit; null: nobody did, as far as the forge remembers. */
  pushedBy(branch: string, commit: CommitId): Promise<string | null>;
  /** Said again it replaces what was said under the same context. */
  setCommitStatus(commit: CommitId, status: CommitStatus): Promise<void>;
  /** As an App: what its rule says of an environment for which a workflow run waits. Resolves also where nothing waits for it any more. */
  passGate(run: number, environment: string, state: "approved" | "rejected", comment: string): Promise<void>;
  /** As an App: says why it has not decided yet. At most ten times a run and environment. */
  explainGate(run: number, environment: string, comment: string): Promise<void>;
}

/** Requests that are left of one resource until it is renewed, ms since 1970. */
export type Budget = { readonly resource: string; readonly left: number; readonly limit: number; readonly resetsAt: number };

/** As an App: check runs. Methods reject with `ForgeError`. */
export interface ChecksForge {
  /** Says it in the App's own check run beside the commit, of which there is one for each project: that of the id, else the one that is found, else a new one. Resolves to its id. */
  setCheck(commit: CommitId, check: Check, known: number | null): Promise<number>;
}

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
