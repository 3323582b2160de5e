import { Checkbox, CheckboxGroup, FormControl, TextInput } from "@primer/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { environments, targets } from "../../lib/queries.ts";
import { ActDialog } from "../../ui/dialog.tsx";
import { Loaded } from "../../ui/problem.tsx";
import { useSettled } from "../../ui/use-settled.ts";
import { PlanView } from "./plan-view.tsx";

type Scope = Pick<Schemas["DeployRequest"], "services" | "environments" | "commit">;

/** Time without a key pressed until the plan is asked for, in milliseconds. */
const TYPING = 400;

/** Chooses what to deploy, shows the plan for it, and deploys just the commit that the plan was made for. */
export function DeployDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [services, setServices] = useState<readonly string[] | null>(null);
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const [commit, setCommit] = useState("");
  const [reason, setReason] = useState("");

  const typed = useSettled(commit.trim(), TYPING);
  const scope: Scope = { services: services && [...services], environments: chosen && [...chosen], commit: typed === "" ? null : typed };
  const complete = services?.length !== 0 && chosen?.length !== 0;
  const plan = usePlan(scope, complete);
  const ready = complete && typed === commit.trim() && plan.data !== undefined && !plan.isPlaceholderData && !plan.error;
  const release = plan.data?.release.commit ?? null;

  return (
    <ActDialog
      title="Deploy"
      verb="Deploy"
      width="xlarge"
      body={ready ? { ...scope, commit: release, reason: reason.trim() === "" ? null : reason.trim() } : null}
      act={(body, header) => answer(api.POST("/api/v1/runs", { params: { header }, body }))}
      onClose={onClose}
      onDone={({ run }) => void navigate({ to: "/runs/$id", params: { id: run.id } })}
    >
      <FormControl>
        <FormControl.Label>Commit</FormControl.Label>
        <TextInput block value={commit} placeholder="HEAD" onChange={(event) => setCommit(event.target.value)} />
        <FormControl.Caption>A branch, a tag or a commit id. What is committed is deployed, not the working tree.</FormControl.Caption>
      </FormControl>
      <EnvironmentChoice chosen={chosen} onChange={setChosen} />
      <ServiceChoice chosen={services} onChange={setServices} />
      <FormControl>
        <FormControl.Label>Reason</FormControl.Label>
        <TextInput block value={reason} onChange={(event) => setReason(event.target.value)} />
      </FormControl>
      <h2>What would be done</h2>
      {complete ? (
        <Loaded query={plan} what="the plan" failed="There is no plan for this">
          {(found) => <PlanView plan={found} />}
        </Loaded>
      ) : (
        <p>Choose at least one service and one environment.</p>
      )}
    </ActDialog>
  );
}

function usePlan(scope: Scope, enabled: boolean) {
  return useQuery({
    queryKey: ["plan", scope],
    queryFn: () => answer(api.POST("/api/v1/plans", { body: { kind: "deploy", ...scope } })),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
}

type ChoiceProps = { readonly chosen: readonly string[] | null; readonly onChange: (chosen: readonly string[] | null) => void };

/** All checked is `null`: also environments that come later. */
function EnvironmentChoice({ chosen, onChange }: ChoiceProps) {
  const { data: all = [] } = useQuery(environments);
  const ids = all.map(({ id }) => id);
  return (
    <CheckboxGroup className="choices">
      <CheckboxGroup.Label>Environments</CheckboxGroup.Label>
      {ids.map((id) => (
        <FormControl key={id}>
          <Checkbox
            checked={chosen === null || chosen.includes(id)}
            onChange={(event) => {
              const next = ids.filter((other) => (other === id ? event.target.checked : chosen === null || chosen.includes(other)));
              onChange(next.length === ids.length ? null : next);
            }}
          />
          <FormControl.Label>{id}</FormControl.Label>
        </FormControl>
      ))}
    </CheckboxGroup>
  );
}

function ServiceChoice({ chosen, onChange }: ChoiceProps) {
  return (
    <>
      <CheckboxGroup className="choices">
        <CheckboxGroup.Label>Services</CheckboxGroup.Label>
        <FormControl>
          <Checkbox checked={chosen === null} onChange={(event) => onChange(event.target.checked ? null : [])} />
          <FormControl.Label>All but manual ones</FormControl.Label>
        </FormControl>
      </CheckboxGroup>
      {chosen !== null && <ServiceList chosen={chosen} onChange={onChange} />}
    </>
  );
}

/** Services that the list shows at once; a filter finds the others. */
const LISTED = 60;

function ServiceList({ chosen, onChange }: { chosen: readonly string[]; onChange: (chosen: readonly string[]) => void }) {
  const { data = [] } = useQuery(targets);
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.trim().toLowerCase());
  const all = useMemo(() => [...new Set(data.map((target) => target.service))].sort(), [data]);
  const found = all.filter((service) => service.toLowerCase().includes(wanted));
  return (
    <>
      <TextInput
        block
        type="search"
        aria-label="Filter services to deploy"
        placeholder="Filter"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <CheckboxGroup className="choices">
        <CheckboxGroup.Label visuallyHidden>Only these services</CheckboxGroup.Label>
        {found.slice(0, LISTED).map((service) => (
          <FormControl key={service}>
            <Checkbox
              checked={chosen.includes(service)}
              onChange={(event) => onChange(all.filter((other) => (other === service ? event.target.checked : chosen.includes(other))))}
            />
            <FormControl.Label>{service}</FormControl.Label>
          </FormControl>
        ))}
      </CheckboxGroup>
      {found.length > LISTED && <p className="muted small">{found.length - LISTED} more: filter to see them</p>}
    </>
  );
}
