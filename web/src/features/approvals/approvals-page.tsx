import { ChevronDownIcon, ChevronRightIcon } from "@primer/octicons-react";
import { Button } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { approvals } from "../../lib/queries.ts";
import { CommitId } from "../../ui/commit.tsx";
import { Loaded } from "../../ui/problem.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { type Ask, DecideButtons, useDecision } from "./decide-buttons.tsx";
import { Facts, Standing } from "./facts.tsx";
import { LeftOut } from "./left-out.tsx";
import { Members } from "./members.tsx";
import { type Question, questionsOf } from "./model.ts";

/** Everything that waits for a person's decision, over all runs: a card for each commit and environment. */
export function ApprovalsPage() {
  useTitle("Approvals");
  const query = useQuery(approvals);
  const { ask, dialog } = useDecision();
  const questions = useMemo(() => questionsOf(query.data ?? []), [query.data]);
  return (
    <section className="page">
      <div className="head">
        <h1>Approvals</h1>
      </div>
      <Loaded query={query} what="what waits for approval">
        {() =>
          questions.length === 0 ? (
            <p>Nothing waits for a decision.</p>
          ) : (
            questions.map((question) => (
              <Card key={`${question.commit}@${question.environment}`} question={question} open={questions.length === 1} onAsk={ask} />
            ))
          )
        }
      </Loaded>
      {dialog}
    </section>
  );
}

/** What would change is rendered by drivers, so it is asked for only where somebody wants to see it; the only question is opened by itself. */
function Card({ question, open, onAsk }: { question: Question; open: boolean; onAsk: Ask }) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const shown = chosen ?? open;
  const { commit, environment, subject, leftOut, emergency } = question;
  return (
    <article className="card">
      <div className="head">
        <h2>
          {environment} <CommitId commit={commit} /> {subject}
        </h2>
        <DecideButtons question={question} onAsk={onAsk} />
      </div>
      <Facts question={question} />
      <Standing question={question} />
      {emergency.length > 0 && <p className="muted small">In an emergency it can be let pass by {emergency.join(", ")}.</p>}
      <div>
        <Button
          size="small"
          leadingVisual={shown ? ChevronDownIcon : ChevronRightIcon}
          aria-expanded={shown}
          onClick={() => setChosen(!shown)}
        >
          What would change
        </Button>
      </div>
      {shown && <Members question={question} />}
      <LeftOut leftOut={leftOut} />
    </article>
  );
}
