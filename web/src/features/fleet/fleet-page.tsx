import { RocketIcon, SearchIcon } from "@primer/octicons-react";
import { Button, TextInput } from "@primer/react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { plural } from "../../lib/format.ts";
import { environments, openRuns, run, targets } from "../../lib/queries.ts";
import { Loaded } from "../../ui/problem.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { Approvals } from "../approvals/approvals.tsx";
import { DeployDialog } from "../runs/deploy-dialog.tsx";
import { Matrix } from "./matrix.tsx";
import { fleetRows } from "./model.ts";

type Props = { readonly filter: string; readonly onFilter: (text: string) => void };

export function FleetPage({ filter, onFilter }: Props) {
  useTitle("Fleet");
  const [deploying, setDeploying] = useState(false);
  const environmentsQuery = useQuery(environments);
  const targetsQuery = useQuery(targets);
  const open = useOpenRuns();
  return (
    <section className="page fill">
      <div className="head">
        <h1>Fleet</h1>
        <div className="acts">
          <TextInput
            type="search"
            aria-label="Filter services"
            leadingVisual={SearchIcon}
            placeholder="Filter services"
            value={filter}
            onChange={(event) => onFilter(event.target.value)}
          />
          <Button variant="primary" leadingVisual={RocketIcon} onClick={() => setDeploying(true)}>
            Deploy…
          </Button>
        </div>
      </div>
      <Approvals />
      <Loaded query={environmentsQuery} what="the environments">
        {(found) => (
          <Loaded query={targetsQuery} what="the fleet">
            {(all) => <Services environments={found} targets={all} open={open} filter={filter} />}
          </Loaded>
        )}
      </Loaded>
      {deploying && <DeployDialog onClose={() => setDeploying(false)} />}
    </section>
  );
}

/** The newest open runs with their steps, as far as they are known. */
function useOpenRuns(): readonly Schemas["RunDetail"][] {
  const { data: open = [] } = useQuery(openRuns);
  return useQueries({
    queries: open.map(({ id }) => run(id)),
    combine: (results) => results.flatMap(({ data }) => (data ? [data] : [])),
  });
}

type ServicesProps = {
  readonly environments: readonly Schemas["Environment"][];
  readonly targets: readonly Schemas["Target"][];
  readonly open: readonly Schemas["RunDetail"][];
  readonly filter: string;
};

function Services({ environments: columns, targets: all, open, filter }: ServicesProps) {
  const wanted = useDeferredValue(filter);
  const rows = useMemo(() => fleetRows(columns, all, open, wanted), [columns, all, open, wanted]);
  const total = useMemo(() => new Set(all.map((target) => target.service)).size, [all]);
  return (
    <>
      <p role="status" className="muted count">
        {rows.length === total ? plural(total, "service") : `${rows.length.toLocaleString("en")} of ${plural(total, "service")}`}
      </p>
      {total === 0 && <p>Nothing is deployed yet. Deploy a commit, and its services appear here.</p>}
      <Matrix environments={columns} rows={rows} />
    </>
  );
}
