import { SearchIcon } from "@primer/octicons-react";
import { TextInput } from "@primer/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDeferredValue, useMemo } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { plural, spoken } from "../../lib/format.ts";
import { waiting } from "../../lib/queries.ts";
import { GithubLine } from "./github-line.tsx";
import { CommitId } from "../../ui/commit.tsx";
import { Command } from "../../ui/command.tsx";
import { Loaded, More } from "../../ui/problem.tsx";
import { RunText } from "../../ui/run-text.tsx";
import { Ago, Took } from "../../ui/time.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { endsBy, matches } from "./model.ts";

type Step = Schemas["WaitingStep"];
type Props = { readonly filter: string; readonly onFilter: (text: string) => void };

/** Every step that waits, over all open runs: what for, since when, who or what ends it, and the command. */
export function WaitingPage({ filter, onFilter }: Props) {
  useTitle("Waiting");
  const query = useInfiniteQuery(waiting);
  const wanted = useDeferredValue(filter);
  const all = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const shown = useMemo(() => all.filter((step) => matches(step, wanted)), [all, wanted]);
  return (
    <section className="page">
      <div className="head">
        <h1>Waiting</h1>
        <TextInput
          type="search"
          aria-label="Filter waiting steps"
          leadingVisual={SearchIcon}
          placeholder="Step, run or reason"
          value={filter}
          onChange={(event) => onFilter(event.target.value)}
        />
      </div>
      <Loaded query={query} what="what waits">
        {() => (
          <>
            <p role="status" className="muted">
              {shown.length === all.length
                ? plural(all.length, "step")
                : `${shown.length.toLocaleString("en")} of ${plural(all.length, "step")}`}
              {query.hasNextPage && " so far"}
            </p>
            {all.length === 0 ? <p>Nothing waits.</p> : <Table steps={shown} />}
          </>
        )}
      </Loaded>
      {query.hasNextPage && <More onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage} />}
      <GithubLine />
    </section>
  );
}

function Table({ steps }: { steps: readonly Step[] }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Waiting steps">
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Step</th>
            <th scope="col">What for</th>
            <th scope="col">For</th>
            <th scope="col">Who or what ends it</th>
            <th scope="col">Command</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <Row key={`${step.run} ${step.step}`} step={step} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ step: { run, runKind, commit, step, waitingFor, who } }: { step: Step }) {
  const { text, command } = spoken(waitingFor);
  return (
    <tr>
      <td className="nowrap">
        <Link to="/runs/$id" params={{ id: run }}>
          {runKind} {run}
        </Link>{" "}
        <CommitId commit={commit} />
      </td>
      <th scope="row">
        <Link to="/runs/$id" params={{ id: run }} search={{ step }}>
          {step}
        </Link>
      </th>
      <td>
        <RunText text={text} />
      </td>
      <td className="nowrap">
        <Took from={waitingFor.since} to={null} />
      </td>
      <td>
        {endsBy({ who, waitingFor })}
        {waitingFor.until && (
          <>
            {" "}
            <span className="muted">
              at the latest <Ago at={waitingFor.until} />
            </span>
          </>
        )}
      </td>
      <td>{command !== null && <Command text={command} />}</td>
    </tr>
  );
}
