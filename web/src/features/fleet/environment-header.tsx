import { HistoryIcon, PauseIcon, ShieldLockIcon } from "@primer/octicons-react";
import { Button, FormControl, Textarea } from "@primer/react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { ActDialog } from "../../ui/dialog.tsx";
import { Ago } from "../../ui/time.tsx";
import { RollbackDialog } from "../rollback/rollback-dialog.tsx";

type Environment = Schemas["Environment"];
type Open = "rollback" | "hold" | "unhold" | null;

/** An environment's name, whether people have closed it, and what can be done to the whole of it. */
export function EnvironmentHeader({ environment, column }: { environment: Environment; column: number }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const { id, gate, hold, rollback } = environment;
  return (
    <div role="columnheader" aria-colindex={column} className="grid-cell environment">
      <span className="environment-line">
        <span>{id}</span>
        {gate && (
          <span className="state tone-muted small" title="Deploys here wait for a decision">
            <ShieldLockIcon size={14} /> gate
          </span>
        )}
        <span className="acts">
          <Button size="small" variant="invisible" leadingVisual={HistoryIcon} onClick={() => setOpen("rollback")}>
            Roll back…<span className="hidden"> {id}</span>
          </Button>
          {!hold && (
            <Button size="small" variant="invisible" leadingVisual={PauseIcon} onClick={() => setOpen("hold")}>
              Hold…<span className="hidden"> {id}</span>
            </Button>
          )}
        </span>
      </span>
      {rollback !== null && (
        <span className="environment-line small">
          <Link to="/runs/$id" params={{ id: rollback }}>
            Rollback under way: run {rollback}
          </Link>
        </span>
      )}
      {hold && <HoldLine environment={id} hold={hold} onUnhold={() => setOpen("unhold")} />}
      {open === "rollback" && <RollbackDialog environment={id} onClose={close} />}
      {open === "hold" && <HoldDialog environment={id} onClose={close} />}
      {open === "unhold" && hold && <UnholdDialog environment={id} hold={hold} onClose={close} />}
    </div>
  );
}

type Hold = NonNullable<Environment["hold"]>;

function HoldLine({ environment, hold, onUnhold }: { environment: string; hold: Hold; onUnhold: () => void }) {
  return (
    <span className="environment-line small">
      <span className="state tone-attention">
        <PauseIcon size={14} /> held
      </span>
      <span className="hold-reason" title={`${hold.reason} (${hold.by})`}>
        {hold.reason}
      </span>
      <span className="acts">
        <Button size="small" onClick={onUnhold}>
          Unhold<span className="hidden"> {environment}</span>
        </Button>
      </span>
    </span>
  );
}

function HoldDialog({ environment, onClose }: { environment: string; onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <ActDialog
      title={`Hold ${environment}?`}
      verb={`Hold ${environment}`}
      danger
      body={reason.trim() === "" ? null : { reason: reason.trim() }}
      act={(body, header) => answer(api.POST("/api/v1/environments/{id}/hold", { params: { path: { id: environment }, header }, body }))}
      onClose={onClose}
    >
      <p>No deploy starts in {environment} until the hold is lifted. What runs goes on, and rollbacks start as always.</p>
      <FormControl required>
        <FormControl.Label>Reason</FormControl.Label>
        <Textarea block rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
      </FormControl>
    </ActDialog>
  );
}

function UnholdDialog({ environment, hold, onClose }: { environment: string; hold: Hold; onClose: () => void }) {
  return (
    <ActDialog
      title={`Lift the hold on ${environment}?`}
      verb={`Unhold ${environment}`}
      body={{ id: environment }}
      act={(path, header) => answer(api.POST("/api/v1/environments/{id}/unhold", { params: { path, header } }))}
      onClose={onClose}
    >
      <p>
        Held by {hold.by} <Ago at={hold.at} />: {hold.reason}
        {hold.run === null ? "" : ` (run ${hold.run})`}
      </p>
      <p>Deploys that wait for it start again.</p>
    </ActDialog>
  );
}
