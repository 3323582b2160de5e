import { RocketIcon } from "@primer/octicons-react";
import { Button, Select } from "@primer/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { runs } from "../../lib/queries.ts";
import { runStatuses } from "../../lib/status.ts";
import { CommitId } from "../../ui/commit.tsx";
import { Loaded, More } from "../../ui/problem.tsx";
import { StateWord } from "../../ui/state.tsx";
import { Ago, Took } from "../../ui/time.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { DeployDialog } from "./deploy-dialog.tsx";

type Props = { readonly status: string; readonly onStatus: (status: string) => void };

export function RunsPage({ status, onStatus }: Props) {
  useTitle("Runs");
  const [deploying, setDeploying] = useState(false);
  const query = useInfiniteQuery(runs(status));
  return (
    <section className="page">
      <div className="head">
        <h1>Runs</h1>
        <div className="acts">
          <Select aria-label="Status" value={status} onChange={(event) => onStatus(event.target.value)}>
            <Select.Option value="">Every status</Select.Option>
            {runStatuses.map((each) => (
              <Select.Option key={each} value={each}>
                {each}
              </Select.Option>
            ))}
          </Select>
          <Button variant="primary" leadingVisual={RocketIcon} onClick={() => setDeploying(true)}>
            Deploy…
          </Button>
        </div>
      </div>
      <Loaded query={query} what="the runs">
        {({ pages }) => <RunTable runs={pages.flatMap((page) => page.items)} filtered={status !== ""} />}
      </Loaded>
      {query.hasNextPage && <More onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage} />}
      {deploying && <DeployDialog onClose={() => setDeploying(false)} />}
    </section>
  );
}

function RunTable({ runs: shown, filtered }: { runs: readonly Schemas["Run"][]; filtered: boolean }) {
  if (shown.length === 0) return <p>{filtered ? "No run has this status." : "Nothing has been run yet."}</p>;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Runs">
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col">Commit</th>
            <th scope="col">Environments</th>
            <th scope="col">By</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <Link to="/runs/$id" params={{ id: run.id }}>
                  {run.kind} {run.id}
                </Link>
              </th>
              <td>
                <StateWord state={run.status} />
              </td>
              <td>
                <CommitId commit={run.commit} />
              </td>
              <td>{run.environments.join(", ")}</td>
              <td>
                {run.by}
                {run.reason && <span className="muted">: {run.reason}</span>}
              </td>
              <td>
                <Ago at={run.createdAt} />
              </td>
              <td>{run.startedAt && <Took from={run.startedAt} to={run.endedAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
