import { shortCommit } from "../lib/format.ts";

/** A commit id, short, with the whole as its title; where there is none, words. */
export const CommitId = ({ commit, otherwise = "nothing" }: { commit: string | null; otherwise?: string }) =>
  commit === null ? <span className="muted">{otherwise}</span> : <code title={commit}>{shortCommit(commit)}</code>;
