import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { commit, run } from "../../lib/queries.ts";
import { plural } from "../../lib/format.ts";
import { runEnded } from "../../lib/status.ts";
import { CommitId } from "../../ui/commit.tsx";
import { Loaded } from "../../ui/problem.tsx";
import { StateWord } from "../../ui/state.tsx";
import { Ago, Took } from "../../ui/time.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { Approvals } from "../approvals/approvals.tsx";
import { Ending } from "./ending.tsx";
import { Lanes } from "./lanes.tsx";
import { lanesOf, progressOf, sameReasons, troubleOf, waitsOf } from "./lanes-model.ts";
import { RunActions } from "./run-actions.tsx";
import { StepPanel } from "./step-panel.tsx";
import { Why } from "./why.tsx";

type Props = { readonly id: string; readonly step: string | null; readonly onStep: (step: string | null) => void };
type RunDetail = Schemas["RunDetail"];

export function RunPage({ id, step, onStep }: Props) {
  const query = useQuery(run(id));
  useTitle(query.data ? `${query.data.kind} ${id} ${query.data.status}` : `Run ${id}`);
  return (
    <section className="page fill">
      {!query.data && <h1>Run {id}</h1>}
      <Loaded query={query} what={`run ${id}`}>
        {(found) => <Detail run={found} step={step} onStep={onStep} />}
      </Loaded>
    </section>
  );
}

function Detail({ run: shown, step, onStep }: Omit<Props, "id"> & { run: RunDetail }) {
  const lanes = useMemo(() => lanesOf(shown), [shown]);
  const chosen = shown.steps.find(({ id }) => id === step) ?? null;
  // Kept the same, so that a chip is drawn anew only when its own step changes.
  const latest = useRef(onStep);
  useEffect(() => {
    latest.current = onStep;
  });
  const select = useCallback((next: string) => latest.current(next), []);
  return (
    <>
      <div className="head">
        <h1>
          {shown.kind === "rollback" ? "Rollback" : "Deploy"} {shown.id} <StateWord state={shown.status} size={18} />
        </h1>
        <RunActions run={shown} />
      </div>
      <Summary run={shown} />
      <Ending run={shown} />
      {!runEnded(shown.status) && <Approvals run={shown.id} />}
      <Reasons title="What went wrong" steps={troubleOf(shown.steps)} onSelect={select} />
      <Reasons title="What it waits for" steps={waitsOf(shown.steps)} onSelect={select} />
      <Lanes lanes={lanes} selected={chosen?.id ?? null} onSelect={select} />
      {chosen && <StepPanel key={chosen.id} step={chosen} onClose={() => onStep(null)} />}
    </>
  );
}

function Summary({ run: shown }: { run: RunDetail }) {
  const { data: described } = useQuery(commit(shown.commit));
  const { ended, total } = progressOf(shown.steps);
  return (
    <p className="summary">
      <span>
        <CommitId commit={shown.commit} /> {described?.subject}
      </span>
      <span>
        by {shown.by}
        {shown.reason && `: ${shown.reason}`}
      </span>
      <span>
        <Ago at={shown.createdAt} />
        {shown.startedAt && (
          <>
            , {shown.endedAt === null ? "for" : "took"} <Took from={shown.startedAt} to={shown.endedAt} />
          </>
        )}
      </span>
      <span>
        {ended} of {plural(total, "step")} ended
      </span>
      {shown.retryOf !== null && (
        <span>
          retry of{" "}
          <Link to="/runs/$id" params={{ id: shown.retryOf }}>
            run {shown.retryOf}
          </Link>
        </span>
      )}
    </p>
  );
}

/** Reasons that a list gives before it counts the rest. */
const GIVEN = 4;

function Reasons({ title, steps, onSelect }: { title: string; steps: readonly Schemas["Step"][]; onSelect: (step: string) => void }) {
  const reasons = sameReasons(steps);
  if (reasons.length === 0) return null;
  return (
    <section className="reasons" aria-label={title}>
      <h2>{title}</h2>
      <ul className="plain">
        {reasons.slice(0, GIVEN).map(({ step, others }) => (
          <li key={step.id}>
            <button type="button" className="link" onClick={() => onSelect(step.id)}>
              {step.id}
            </button>
            {others > 0 && <span className="muted">and {plural(others, "other")}</span>}
            <StateWord state={step.status} />
            <Why step={step} />
          </li>
        ))}
        {reasons.length > GIVEN && <li className="muted">and {plural(reasons.length - GIVEN, "other reason")}</li>}
      </ul>
    </section>
  );
}
