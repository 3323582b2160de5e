import { XIcon } from "@primer/octicons-react";
import { Button } from "@primer/react";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { StateWord } from "../../ui/state.tsx";
import { Ago, Took } from "../../ui/time.tsx";
import { LogView } from "./log-view.tsx";
import { Explanation, Why } from "./why.tsx";

type Step = Schemas["Step"];

/** The step that was chosen: why it is as it is, its attempts, and the log of one of them. */
export function StepPanel({ step, onClose }: { step: Step; onClose: () => void }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const attempt = step.attempts.find(({ id }) => id === chosen) ?? step.attempts.at(-1);
  return (
    <section className="step-panel" aria-labelledby="step-title">
      <div className="step-head">
        <h2 id="step-title">{step.id}</h2>
        <StateWord state={step.status} />
        {step.startedAt && (
          <span className="muted small">
            started <Ago at={step.startedAt} />, {step.endedAt === null ? "for" : "took"} <Took from={step.startedAt} to={step.endedAt} />
          </span>
        )}
        <span className="acts">
          {step.attempts.length > 1 && (
            <fieldset className="attempts">
              <legend className="hidden">Attempts</legend>
              {step.attempts.map(({ id, outcome }, index) => (
                <button key={id} type="button" className="chip" aria-pressed={id === attempt?.id} onClick={() => setChosen(id)}>
                  attempt {index + 1}: {outcome ?? "running"}
                </button>
              ))}
            </fieldset>
          )}
          <Button size="small" variant="invisible" leadingVisual={XIcon} onClick={onClose}>
            Close<span className="hidden"> step</span>
          </Button>
        </span>
      </div>
      <Why step={step} />
      <Shared step={step} attempt={attempt} />
      {attempt?.message && attempt.message !== step.reason?.message && <Explanation text={attempt.message} of={`attempt ${attempt.id}`} />}
      {attempt ? <LogView key={attempt.id} attempt={attempt.id} /> : <p className="muted">{nothingYet(step)}</p>}
    </section>
  );
}

type SharedProps = { readonly step: Step; readonly attempt: Step["attempts"][number] | undefined };

/** Whose work this is: another run's that the step has joined, or its own in which steps of other runs share. */
function Shared({ step, attempt }: SharedProps) {
  if (step.joined)
    return (
      <p>
        joined: <StepLink run={step.joined.run} step={step.id} />, which does this work for both. The log is the same.
      </p>
    );
  if (!attempt || attempt.joined.length === 0) return null;
  return (
    <p>
      shared with{" "}
      {attempt.joined.map((other, index) => (
        <Fragment key={`${other.run} ${other.step}`}>
          {index > 0 && ", "}
          <StepLink {...other} />
        </Fragment>
      ))}
      , whose steps end as this one does
    </p>
  );
}

const StepLink = ({ run, step }: { run: string; step: string }) => (
  <Link to="/runs/$id" params={{ id: run }} search={{ step }}>
    run {run}
  </Link>
);

const nothingYet = (step: Step): string =>
  step.kind === "gate"
    ? "A gate runs nothing: it waits for a person."
    : step.endedAt === null
      ? "Nothing has run yet."
      : "Nothing was run.";
