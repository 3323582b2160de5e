import { CircleSlashIcon, StackIcon, UndoIcon } from "@primer/octicons-react";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../../../src/contract/client.ts";
import { RunText } from "../../ui/run-text.tsx";
import { Ago } from "../../ui/time.tsx";
import { supersededBy } from "./lanes-model.ts";

type RunDetail = Schemas["RunDetail"];

/** What somebody or something else has done to this run, in its own line: who cancelled or rejected it, what superseded it, what it answers. */
export function Ending({ run }: { run: RunDetail }) {
  const { stopped, cause } = run;
  const superseded = supersededBy(run.steps);
  if (!stopped && !cause && superseded.length === 0) return null;
  return (
    <ul className="plain ending">
      {cause && (
        <li>
          <UndoIcon size={16} />
          <span>
            Answers the failure of {cause.step} in{" "}
            <Link to="/runs/$id" params={{ id: cause.run }} search={{ step: cause.step }}>
              run {cause.run}
            </Link>
            , as the environment's policy says (<code>onFailure: rollback</code>)
          </span>
        </li>
      )}
      {stopped && (
        <li>
          <CircleSlashIcon size={16} />
          <span>
            <strong>{stopped.how}</strong> by {stopped.by} <Ago at={stopped.at} />
            {stopped.now && ", with what was under way"}
            {stopped.reason !== null && `: ${stopped.reason}`}
          </span>
        </li>
      )}
      {superseded.map(({ environment, message }) => (
        <li key={`${environment} ${message}`}>
          <StackIcon size={16} />
          <span>
            In <strong>{environment}</strong> <RunText text={message} />
          </span>
        </li>
      ))}
    </ul>
  );
}
