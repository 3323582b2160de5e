import { StopIcon, SyncIcon } from "@primer/octicons-react";
import { Button, Checkbox, FormControl, Textarea } from "@primer/react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { runEnded, stepEnded } from "../../lib/status.ts";
import { plural } from "../../lib/format.ts";
import { ActDialog } from "../../ui/dialog.tsx";

type RunDetail = Schemas["RunDetail"];

/** What can be done to a run as it is now. */
export function RunActions({ run }: { run: RunDetail }) {
  const [open, setOpen] = useState<"cancel" | "retry" | null>(null);
  const ended = runEnded(run.status);
  const close = () => setOpen(null);
  return (
    <div className="acts">
      {ended && run.status !== "succeeded" && (
        <Button leadingVisual={SyncIcon} onClick={() => setOpen("retry")}>
          Retry…
        </Button>
      )}
      {!ended && !run.stopped && (
        <Button variant="danger" leadingVisual={StopIcon} onClick={() => setOpen("cancel")}>
          Cancel run…
        </Button>
      )}
      {open === "cancel" && <CancelDialog run={run} onClose={close} />}
      {open === "retry" && <RetryDialog run={run} onClose={close} />}
    </div>
  );
}

/** Steps that a sentence names before it counts the rest. */
const NAMED = 4;

const isShared = ({ joined, attempts }: RunDetail["steps"][number]): boolean =>
  joined !== null || (attempts.at(-1)?.joined.length ?? 0) > 0;

function CancelDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [now, setNow] = useState(false);
  const [reason, setReason] = useState("");
  const running = run.steps.filter((step) => step.status === "running").length;
  const shared = run.steps.filter((step) => step.status === "running" && isShared(step)).map((step) => step.id);
  const open = run.steps.filter((step) => !stepEnded(step.status)).length;
  return (
    <ActDialog
      title={`Cancel run ${run.id}?`}
      verb="Cancel run"
      danger
      body={{ now, reason: reason.trim() === "" ? null : reason.trim() }}
      act={(body, header) => answer(api.POST("/api/v1/runs/{id}/cancel", { params: { path: { id: run.id }, header }, body }))}
      onClose={onClose}
    >
      <p>
        {plural(open - running, "step")} will not start.{" "}
        {running > 0 && `${plural(running, "step")} under way may end, unless you stop them too.`}
      </p>
      {shared.length > 0 && (
        <p>
          {plural(shared.length, "step")} under way {shared.length === 1 ? "is" : "are"} shared with other runs (
          {shared.slice(0, NAMED).join(", ")}
          {shared.length > NAMED && ` and ${shared.length - NAMED} more`}): stopping what runs is refused as long as those hold it.
        </p>
      )}
      <FormControl>
        <Checkbox checked={now} onChange={(event) => setNow(event.target.checked)} />
        <FormControl.Label>Stop what runs, too</FormControl.Label>
        <FormControl.Caption>What was cut off is unknown until its driver has looked.</FormControl.Caption>
      </FormControl>
      <FormControl>
        <FormControl.Label>Reason</FormControl.Label>
        <Textarea block rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
      </FormControl>
    </ActDialog>
  );
}

function RetryDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const navigate = useNavigate();
  const left = run.steps.filter((step) => step.status !== "succeeded" && step.status !== "skipped").length;
  return (
    <ActDialog
      title={`Retry run ${run.id}?`}
      verb="Retry"
      body={{ id: run.id }}
      act={(path, header) => answer(api.POST("/api/v1/runs/{id}/retry", { params: { path, header } }))}
      onClose={onClose}
      onDone={({ run: next }) => void navigate({ to: "/runs/$id", params: { id: next.id } })}
    >
      <p>
        Starts a new run of the same commit that names this one. {plural(left, "step")} did not succeed; what is live already is not applied
        again.
      </p>
    </ActDialog>
  );
}
