import { markOf, originOf } from "./marks.ts";
import { isPending, type Stored } from "./releases.ts";

/** What a release is to a look from outside, by its revisions. */
export type Standing =
  | { readonly kind: "absent" }
  /** One revision is wholly applied: `commit`, `digest` and `attempt` are null where labels do not tell. */
  | {
      readonly kind: "whole";
      readonly revision: Stored;
      readonly commit: string | null;
      readonly digest: string | null;
      readonly attempt: string | null;
    }
  /** Something was begun and not brought to its end, so that no one commit is there. */
  | { readonly kind: "half"; readonly revision: Stored };

/** Pure. @param history oldest first; superseded revisions may be left out where one is deployed */
export function standingOf(history: readonly Stored[]): Standing {
  const latest = history.at(-1);
  if (latest === undefined || latest.status === "uninstalled") return { kind: "absent" };
  const deployed = history.findLast(({ status }) => status === "deployed");
  if (latest === deployed) return whole(latest);
  if (latest.status === "failed" && !markOf(latest).changed && markOf(latest).by !== null)
    return deployed ? whole(deployed) : { kind: "absent" };
  // Nothing of it was ever live: the first install has not come to its end, or never will.
  if (deployed === undefined && history.every(({ status }) => status !== "superseded") && latest.status !== "uninstalling")
    return { kind: "absent" };
  return { kind: "half", revision: latest };
}

function whole(revision: Stored): Standing {
  const { by, attempt, commit, digest } = markOf(revision);
  if (by !== null) return { kind: "whole", revision, commit, digest, attempt };
  // Back by somebody else's rollback: what is there is what was there, and its labels came along. Any other change from outside has no commit.
  const origin = originOf(revision);
  const back = origin !== null && new RegExp(`^Rollback to ${origin}$`).test(revision.description);
  return { kind: "whole", revision, commit: back ? commit : null, digest: back ? digest : null, attempt: null };
}

export const isBusy = ({ status }: Stored): boolean => isPending(status) || status === "uninstalling";
