import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { ActDialog } from "../../ui/dialog.tsx";
import { Ago } from "../../ui/time.tsx";
import { Reason } from "./stop-dialogs.tsx";

type Props = {
  readonly environment: string;
  readonly onClose: () => void;
  readonly returnFocusRef?: React.RefObject<HTMLElement | null>;
};

export function HoldDialog({ environment, ...dialog }: Props) {
  const [reason, setReason] = useState("");
  return (
    <ActDialog
      title={`Hold ${environment}?`}
      verb={`Hold ${environment}`}
      danger
      body={reason.trim() === "" ? null : { reason: reason.trim() }}
      act={(body, header) => answer(api.POST("/api/v1/environments/{id}/hold", { params: { path: { id: environment }, header }, body }))}
      {...dialog}
    >
      <p>No deploy starts in {environment} until the hold is lifted. What runs goes on, and rollbacks start as always.</p>
      <Reason value={reason} onChange={setReason} />
    </ActDialog>
  );
}

type Hold = NonNullable<Schemas["Environment"]["hold"]>;

export function UnholdDialog({ environment, hold, ...dialog }: Props & { readonly hold: Hold }) {
  return (
    <ActDialog
      title={`Lift the hold on ${environment}?`}
      verb={`Unhold ${environment}`}
      body={{ id: environment }}
      act={(path, header) => answer(api.POST("/api/v1/environments/{id}/unhold", { params: { path, header } }))}
      {...dialog}
    >
      <p>
        Held by {hold.by} <Ago at={hold.at} />: {hold.reason}
        {hold.run === null ? "" : ` (run ${hold.run})`}
      </p>
      <p>Deploys that wait for it start again.</p>
    </ActDialog>
  );
}
