import type { Schemas } from "../../../../src/contract/client.ts";
import { plural, serviceOf } from "../../lib/format.ts";
import { CommitId } from "../../ui/commit.tsx";
import type { Difference } from "./diff.ts";

type Side = Schemas["Diff"]["commits"][number]["brings"];
/** Commits that are named before the rest is counted. */
const NAMED = 6;

/** The commits that come with the release, and those that it would take away, for each commit that is live. */
export function Commits({ difference: { changes, commits } }: { difference: Difference }) {
  const onto = (from: string) => [...changes.values()].filter((change) => change.from === from).map(({ target }) => serviceOf(target));
  const shown = commits.filter(({ brings, loses }) => brings.count + loses.count > 0);
  if (shown.length === 0) return null;
  return (
    <div className="commits">
      {shown.map(({ from, brings, loses }) => (
        <div key={from} className="stack tight">
          <CommitList title={`Brings ${plural(brings.count, "commit")}`} from={from} services={onto(from)} side={brings} />
          {loses.count > 0 && (
            <CommitList
              title={`Takes away ${plural(loses.count, "commit")} that is live`}
              from={from}
              services={onto(from)}
              side={loses}
              loses
            />
          )}
        </div>
      ))}
    </div>
  );
}

type ListProps = {
  readonly title: string;
  readonly from: string;
  readonly services: readonly string[];
  readonly side: Side;
  readonly loses?: boolean;
};

function CommitList({ title, from, services, side, loses = false }: ListProps) {
  if (side.count === 0) return null;
  const named = side.items.slice(0, NAMED);
  return (
    <div>
      <p className={loses ? "tone-danger" : undefined}>
        <strong>{title}</strong> {loses ? "with" : "over"} <CommitId commit={from} />{" "}
        <span className="muted small">
          {services.slice(0, NAMED).join(", ")}
          {services.length > NAMED && ` and ${services.length - NAMED} more`}
        </span>
      </p>
      <ul className="plain">
        {named.map(({ id, subject, author }) => (
          <li key={id}>
            <CommitId commit={id} /> {subject} <span className="muted small">{author}</span>
          </li>
        ))}
        {side.count > named.length && <li className="muted small">and {side.count - named.length} more</li>}
      </ul>
    </div>
  );
}
