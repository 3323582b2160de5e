import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Session } from "../session.ts";

type Diff = Pick<Schemas["Diff"], "targets" | "commits">;

/** Commits that come with it and those that would be lost, once for each commit that is live; and where that cannot be known. */
export function commitLines(session: Session, diff: Diff, most = 50): readonly string[] {
  return [...knownLines(session, diff, most), ...unknownLines(session, diff)];
}

/** What is live and what the source no longer has: nobody can say what of it the new commit lacks. */
function unknownLines({ colors }: Session, { targets, commits }: Diff): readonly string[] {
  const known = new Set(commits.map(({ from }) => from));
  const gone = Map.groupBy(
    targets.filter(({ from }) => from !== null && !known.has(from)),
    ({ from }) => from ?? "",
  );
  return [...gone].map(([from, on]) =>
    colors.red(
      `${listed(on.map(({ target }) => target))}: which commits would be lost cannot be known: the source no longer has ${shortCommit(from)}, which is live`,
    ),
  );
}

function knownLines({ colors }: Session, { targets, commits }: Diff, most: number): readonly string[] {
  return commits.flatMap(({ from, brings, loses }) => {
    const on = listed(targets.filter((target) => target.from === from).map(({ target }) => target));
    if (on === "") return [];
    const list = ({ items, count: all }: typeof brings): readonly string[] => {
      const shown = items.slice(0, most).map(({ id, subject }) => `  ${shortCommit(id)} ${safe(subject)}`);
      return all > shown.length ? [...shown, `  and ${all - shown.length} more`] : shown;
    };
    return [
      `${on}: ${brings.count === 0 ? "no commit" : count(brings.count, "commit")} since ${shortCommit(from)}`,
      ...list(brings),
      ...(loses.count === 0 ? [] : [colors.red(`${on}: ${count(loses.count, "commit")} that would be lost`), ...list(loses)]),
    ];
  });
}
