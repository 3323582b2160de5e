import { ChevronDownIcon, ChevronRightIcon } from "@primer/octicons-react";
import { Checkbox, Spinner } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { targetId } from "../../lib/format.ts";
import { targets } from "../../lib/queries.ts";
import { CommitId } from "../../ui/commit.tsx";
import { Objects } from "../../ui/objects.tsx";
import { Loading, ProblemNote } from "../../ui/problem.tsx";
import { Commits } from "./commits.tsx";
import { type Change, countsText, summaryOf, useDifference } from "./diff.ts";
import type { Question } from "./model.ts";

const ChangeText = lazy(() => import("../../ui/change-text.tsx"));

export type Choice = { readonly without: ReadonlySet<string>; readonly onChange: (without: ReadonlySet<string>) => void };

/** Everything that a decision applies, target by target: what is live, what it becomes, and how that differs. With `choice`, targets can be left out. */
export function Members({ question, choice }: { question: Question; choice?: Choice }) {
  const { data: all = [] } = useQuery(targets);
  const difference = useDifference(question);
  const live = new Map(all.map((target) => [targetId(target), target.commit]));
  return (
    <>
      {difference.error && (
        <ProblemNote title="Could not load what would change" error={difference.error} onRetry={() => void difference.refetch()} />
      )}
      {difference.data && <Commits difference={difference.data} />}
      {difference.data && (
        <p className="small">{summaryOf(question.members.flatMap((member) => difference.data.changes.get(member) ?? []))}</p>
      )}
      <div className="table-box members" tabIndex={0} role="region" aria-label={choice ? "Members to decide on" : "Members"}>
        <table>
          <thead>
            <tr>
              {choice && (
                <th scope="col">
                  <span className="hidden">Decided</span>
                </th>
              )}
              <th scope="col">Target</th>
              <th scope="col">Live now</th>
              <th scope="col">Becomes</th>
              <th scope="col">What is applied</th>
            </tr>
          </thead>
          <tbody>
            {question.members.map((target) => (
              <MemberRows
                key={target}
                target={target}
                live={live.get(target) ?? null}
                commit={question.commit}
                change={difference.data?.changes.get(target) ?? null}
                loading={difference.isLoading}
                {...(choice ? { choice } : {})}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

type RowProps = {
  readonly target: string;
  readonly live: string | null;
  readonly commit: string;
  readonly change: Change | null;
  readonly loading: boolean;
  readonly choice?: Choice;
};

function MemberRows({ target, live, commit, change, loading, choice }: RowProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <tr>
        {choice && (
          <td className="check">
            <Checkbox
              checked={!choice.without.has(target)}
              onChange={() => choice.onChange(toggled(choice.without, target))}
              aria-label={target}
            />
          </td>
        )}
        <th scope="row">{target}</th>
        <td>
          <CommitId commit={live} />
        </td>
        <td className="nowrap">
          → <CommitId commit={commit} />
        </td>
        <td>
          {loading && <Spinner size="small" srText="Loading what would change" />}
          {change && <ChangeSummary change={change} open={open} onToggle={() => setOpen(!open)} />}
        </td>
      </tr>
      {open && change && (
        <tr>
          <td colSpan={choice ? 5 : 4} className="diff-cell">
            <ChangeDetail change={change} />
          </td>
        </tr>
      )}
    </>
  );
}

function ChangeSummary({ change, open, onToggle }: { change: Change; open: boolean; onToggle: () => void }) {
  const { text, counts, problem, unbuilt } = change;
  if (change.change === "same" && unbuilt === null) return <span className="muted">the same as now</span>;
  return (
    <button type="button" className="link change" aria-expanded={open} onClick={onToggle}>
      {open ? <ChevronDownIcon size={16} /> : <ChevronRightIcon size={16} />}
      <span className="hidden">What changes on {change.target}: </span>
      {text !== null && change.before === null && <span>all new</span>}
      {text !== null && (
        <>
          <span className="tone-success">+{text.added}</span>
          <span className="tone-danger">−{text.removed}</span>
        </>
      )}
      {counts !== null && <span>{countsText(counts) || "the same as now"}</span>}
      {problem !== null && <span className="tone-attention">not rendered</span>}
      {unbuilt !== null && <span className="tone-attention">not built yet</span>}
    </button>
  );
}

function ChangeDetail({ change }: { change: Change }) {
  const { text, objects, counts, problem, uncompared, unbuilt } = change;
  const different = objects?.filter(({ change: how }) => how !== "same") ?? [];
  const unlisted = counts === null ? 0 : counts.added + counts.changed + counts.removed - different.length;
  return (
    <div className="stack">
      {unbuilt !== null && <p className="small">{unbuilt} is not built yet: its digest is not part of this.</p>}
      {uncompared !== null && (
        <p className="small">
          <strong>It could not be compared with what is there:</strong> {uncompared}. This is what is applied, against what was.
        </p>
      )}
      {text !== null && change.before === null && (
        <p className="small">Nothing is live there that Sluice has deployed: all of it is shown as added.</p>
      )}
      {problem !== null && (
        <p className="small">
          <strong>It could not be rendered:</strong> {problem}. These are the definitions.
        </p>
      )}
      {change.cut && text !== null && <p className="small">The texts are long: only their beginnings are compared here.</p>}
      {text !== null && text.patch !== "" && (
        <Suspense fallback={<Loading what="the difference" />}>
          <ChangeText before={change.before} after={change.after} what={`What changes on ${change.target}`} />
        </Suspense>
      )}
      {different.length > 0 && (
        <Objects objects={different.map((object) => ({ ...object, word: object.change, tone: TONES[object.change] }))} />
      )}
      {unlisted > 0 && <p className="small">And {unlisted} more: too many to be sent.</p>}
    </div>
  );
}

const TONES = { added: "success", changed: "attention", removed: "danger", same: "attention" } as const;

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(names);
  if (!next.delete(name)) next.add(name);
  return next;
}
