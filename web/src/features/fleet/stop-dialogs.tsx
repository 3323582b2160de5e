import { FormControl, Radio, RadioGroup, Textarea, TextInput } from "@primer/react";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { shortCommit, targetId } from "../../lib/format.ts";
import { ActDialog } from "../../ui/dialog.tsx";
import { Ago, useToCome } from "../../ui/time.tsx";

type Focus = { readonly returnFocusRef?: React.RefObject<HTMLElement | null> };
/** `on`: a target (`api@mainnet`) or an environment. */
type OnProps = Focus & { readonly on: string; readonly onClose: () => void };
type TargetProps = Focus & { readonly target: Schemas["Target"]; readonly onClose: () => void };
type Lock = NonNullable<Schemas["Target"]["lock"]>;

export function Reason({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return (
    <FormControl required>
      <FormControl.Label>Reason</FormControl.Label>
      <Textarea block rows={2} value={value} onChange={(event) => onChange(event.target.value)} />
    </FormControl>
  );
}

export function LockDialog({ on, ...dialog }: OnProps) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const end = until === "" ? null : new Date(until);
  const past = !useToCome(end?.toISOString() ?? null);
  const ready = reason.trim() !== "" && !past;
  return (
    <ActDialog
      title={`Lock ${on}?`}
      verb={`Lock ${on}`}
      danger
      body={ready ? { reason: reason.trim(), until: end?.toISOString() ?? null } : null}
      act={(body, header) => lock(on, body, header)}
      {...dialog}
    >
      <p>
        {on.includes("@") ? "No deploy and no rollback starts on it" : `Nothing starts on any target in ${on}`} until it is unlocked. What
        runs goes on; what comes waits.
      </p>
      <Reason value={reason} onChange={setReason} />
      <FormControl>
        <FormControl.Label>Ends by itself</FormControl.Label>
        <TextInput type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
        {past ? (
          <FormControl.Validation variant="error">That moment has passed.</FormControl.Validation>
        ) : (
          <FormControl.Caption>Leave it empty to lock until somebody unlocks.</FormControl.Caption>
        )}
      </FormControl>
    </ActDialog>
  );
}

export function UnlockDialog({ on, lock: { by, at, reason }, ...dialog }: OnProps & { readonly lock: Lock }) {
  return (
    <ActDialog title={`Unlock ${on}?`} verb={`Unlock ${on}`} body={{ id: on }} act={(path, header) => unlock(path.id, header)} {...dialog}>
      <p>
        Locked by {by} <Ago at={at} />: {reason}
      </p>
      <p>What waits for it goes on.</p>
    </ActDialog>
  );
}

export function PinDialog({ target, ...dialog }: TargetProps) {
  const id = targetId(target);
  const [commit, setCommit] = useState(target.commit ?? "");
  const [reason, setReason] = useState("");
  const ready = commit.trim() !== "" && reason.trim() !== "";
  return (
    <ActDialog
      title={`Pin ${id}?`}
      verb={`Pin ${id}`}
      body={ready ? { commit: commit.trim(), reason: reason.trim() } : null}
      act={(body, header) => answer(api.POST("/api/v1/targets/{id}/pin", { params: { path: { id }, header }, body }))}
      {...dialog}
    >
      <p>Deploys and rollbacks skip it, unless somebody names it. Nothing is deployed by this.</p>
      <FormControl required>
        <FormControl.Label>Commit</FormControl.Label>
        <TextInput block value={commit} onChange={(event) => setCommit(event.target.value)} />
        <FormControl.Caption>What it is kept at: what is live, a branch, a tag or a commit id.</FormControl.Caption>
      </FormControl>
      <Reason value={reason} onChange={setReason} />
    </ActDialog>
  );
}

export function UnpinDialog({ target, ...dialog }: TargetProps) {
  const id = targetId(target);
  const { pin } = target;
  return (
    <ActDialog
      title={`Unpin ${id}?`}
      verb={`Unpin ${id}`}
      body={{ id }}
      act={(path, header) => answer(api.POST("/api/v1/targets/{id}/unpin", { params: { path, header } }))}
      {...dialog}
    >
      {pin && (
        <p>
          Pinned at <code>{shortCommit(pin.commit)}</code> by {pin.by} <Ago at={pin.at} />: {pin.reason}
        </p>
      )}
      <p>The next deploys and rollbacks take it along again.</p>
    </ActDialog>
  );
}

export function SettleDialog({ target, ...dialog }: TargetProps) {
  const id = targetId(target);
  const [applied, setApplied] = useState<boolean | null>(null);
  const [reason, setReason] = useState("");
  const ready = applied !== null && reason.trim() !== "";
  return (
    <ActDialog
      title={`What is on ${id}?`}
      verb={`Settle ${id}`}
      danger
      body={ready ? { applied, reason: reason.trim() } : null}
      act={(body, header) => answer(api.POST("/api/v1/targets/{id}/settle", { params: { path: { id }, header }, body }))}
      {...dialog}
    >
      <p>
        An attempt to apply <code>{target.unknown && shortCommit(target.unknown.commit)}</code> was cut off
        {target.unknown && (
          <>
            {" "}
            <Ago at={target.unknown.since} />
          </>
        )}
        , and its driver has not said what came of it. Look at the target itself, then say what is true.
      </p>
      <RadioGroup name="applied" required onChange={(value) => setApplied(value === "yes")}>
        <RadioGroup.Label>That commit is there</RadioGroup.Label>
        <FormControl>
          <Radio value="yes" />
          <FormControl.Label>Yes: it was applied, and is live</FormControl.Label>
        </FormControl>
        <FormControl>
          <Radio value="no" />
          <FormControl.Label>No: what was live before is live still</FormControl.Label>
        </FormControl>
      </RadioGroup>
      <Reason value={reason} onChange={setReason} />
    </ActDialog>
  );
}

type Header = { readonly "idempotency-key": string };

/** Both kinds of lock answer with how the whole now stands; the stream tells it too. */
async function lock(id: string, body: Schemas["LockRequest"], header: Header): Promise<void> {
  const options = { params: { path: { id }, header }, body };
  if (id.includes("@")) await answer(api.POST("/api/v1/targets/{id}/lock", options));
  else await answer(api.POST("/api/v1/environments/{id}/lock", options));
}

async function unlock(id: string, header: Header): Promise<void> {
  const options = { params: { path: { id }, header } };
  if (id.includes("@")) await answer(api.POST("/api/v1/targets/{id}/unlock", options));
  else await answer(api.POST("/api/v1/environments/{id}/unlock", options));
}
