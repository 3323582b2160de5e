import { ShieldLockIcon } from "@primer/octicons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { plural, shortCommit } from "../../lib/format.ts";
import { approvals } from "../../lib/queries.ts";
import { ProblemNote } from "../../ui/problem.tsx";
import { type Ask, DecideButtons, useDecision } from "./decide-buttons.tsx";
import { Facts, Standing } from "./facts.tsx";
import { type Question, questionsOf } from "./model.ts";

/** What waits for a person's decision, with the way to decide; of one run where `run` names it. Nothing where nothing waits. */
export function Approvals({ run }: { run?: string }) {
  const query = useQuery(approvals);
  const questions = useMemo(
    () => questionsOf(query.data ?? []).filter((question) => run === undefined || question.runs.includes(run)),
    [query.data, run],
  );
  const { ask, dialog } = useDecision();
  return (
    <>
      {query.error && (
        <ProblemNote title="Could not load what waits for approval" error={query.error} onRetry={() => void query.refetch()} />
      )}
      {questions.length > 0 && (
        <section className="approvals" aria-labelledby="approvals-title">
          <h2 id="approvals-title">
            <ShieldLockIcon size={16} /> {plural(questions.length, "decision")} to make
            <Link to="/approvals" className="small">
              What would change
            </Link>
          </h2>
          <ul>
            {questions.map((question) => (
              <Line key={`${question.commit}@${question.environment}`} question={question} onAsk={ask} />
            ))}
          </ul>
        </section>
      )}
      {dialog}
    </>
  );
}

function Line({ question, onAsk }: { question: Question; onAsk: Ask }) {
  const { commit, environment, subject } = question;
  return (
    <li>
      <div className="approval-text">
        <p>
          <strong>{environment}</strong> <code title={commit}>{shortCommit(commit)}</code> {subject}
        </p>
        <Facts question={question} />
        <Standing question={question} />
      </div>
      <DecideButtons question={question} onAsk={onAsk} />
    </li>
  );
}
