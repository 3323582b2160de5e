import { CheckIcon, ShieldLockIcon, XIcon } from "@primer/octicons-react";
import { Button } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { plural, serviceOf, shortCommit } from "../../lib/format.ts";
import { approvals } from "../../lib/queries.ts";
import { ProblemNote } from "../../ui/problem.tsx";
import { Took } from "../../ui/time.tsx";
import { DecisionDialog, type Verdict } from "./decision-dialog.tsx";
import { type Question, questionsOf } from "./model.ts";

/** Members that a line names before it counts the rest. */
const NAMED = 8;

/** What waits for a person's decision, with the way to decide; of one run where `run` names it. Nothing where nothing waits. */
export function Approvals({ run }: { run?: string }) {
  const query = useQuery(approvals);
  // Kept as it was when it was opened: what is shown is what is decided.
  const [open, setOpen] = useState<{ question: Question; verdict: Verdict } | null>(null);
  const questions = useMemo(
    () => questionsOf(query.data ?? []).filter((question) => run === undefined || question.runs.includes(run)),
    [query.data, run],
  );
  return (
    <>
      {query.error && (
        <ProblemNote title="Could not load what waits for approval" error={query.error} onRetry={() => void query.refetch()} />
      )}
      {questions.length > 0 && (
        <section className="approvals" aria-labelledby="approvals-title">
          <h2 id="approvals-title">
            <ShieldLockIcon size={16} /> {plural(questions.length, "decision")} to make
          </h2>
          <ul>
            {questions.map((question) => (
              <Line
                key={`${question.commit}@${question.environment}`}
                question={question}
                onDecide={(verdict) => setOpen({ question, verdict })}
              />
            ))}
          </ul>
        </section>
      )}
      {open && <DecisionDialog question={open.question} verdict={open.verdict} onClose={() => setOpen(null)} />}
    </>
  );
}

function Line({ question, onDecide }: { question: Question; onDecide: (verdict: Verdict) => void }) {
  const { commit, environment, subject, members, leftOut, runs, since, approvers } = question;
  const named = members.slice(0, NAMED).map(serviceOf).join(", ");
  const what = `${shortCommit(commit)} in ${environment}`;
  return (
    <li>
      <div className="approval-text">
        <p>
          <strong>{environment}</strong> <code title={commit}>{shortCommit(commit)}</code> {subject}
        </p>
        <p className="muted small">
          {plural(members.length, "member")}: {named}
          {members.length > NAMED && ` and ${members.length - NAMED} more`}
          {leftOut.length > 0 && ` · ${leftOut.length} left out`} · waiting for <Took from={since} to={null} /> ·{" "}
          {runs.map((run) => (
            <Link key={run} to="/runs/$id" params={{ id: run }} className="spaced">
              run {run}
            </Link>
          ))}
          {approvers.length > 0 && ` · decided by ${approvers.join(", ")}`}
        </p>
      </div>
      <div className="acts">
        <Button variant="primary" leadingVisual={CheckIcon} onClick={() => onDecide("approved")}>
          Approve…<span className="hidden"> {what}</span>
        </Button>
        <Button variant="danger" leadingVisual={XIcon} onClick={() => onDecide("rejected")}>
          Reject…<span className="hidden"> {what}</span>
        </Button>
      </div>
    </li>
  );
}
