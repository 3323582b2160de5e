import type { Schemas } from "../../../../src/contract/client.ts";
import { spoken } from "../../lib/format.ts";
import { Command } from "../../ui/command.tsx";
import { RunText } from "../../ui/run-text.tsx";
import { Ago, Took } from "../../ui/time.tsx";

/** What a step waits for or why it ended as it did, since when, until when, and the command that goes on from here. Nothing where there is nothing to say. */
export function Why({ step }: { step: Schemas["Step"] }) {
  const why = step.waitingFor ?? step.reason;
  if (!why) return null;
  const { text, command } = spoken(why);
  const [first = "", ...more] = text.split("\n");
  return (
    <>
      <p className="why">
        <RunText text={first} />
        {step.waitingFor && (
          <span className="muted">
            , for <Took from={step.waitingFor.since} to={null} />
            {step.waitingFor.until && (
              <>
                , at most until <Ago at={step.waitingFor.until} />
              </>
            )}
          </span>
        )}
        {command !== null && <Command text={command} />}
      </p>
      {more.length > 0 && <Explanation text={more.join("\n")} of={step.id} />}
    </>
  );
}

/** What an explanation of several lines says below its first, as it was written. */
export const Explanation = ({ text, of }: { text: string; of: string }) => (
  <pre className="explanation" tabIndex={0} role="group" aria-label={`Explanation of ${of}`}>
    {text}
  </pre>
);
