import { Checkbox, FormControl, Select, Textarea } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { absolute, plural, shortCommit } from "../../lib/format.ts";
import { snapshots } from "../../lib/queries.ts";
import { CommitId } from "../../ui/commit.tsx";
import { ActDialog } from "../../ui/dialog.tsx";
import { Loaded } from "../../ui/problem.tsx";
import { Ago } from "../../ui/time.tsx";

type Preview = Schemas["RollbackPreview"];

/** Brings a whole environment back to a recorded set: shows what would move and every problem before anything is touched. */
export function RollbackDialog({ environment, onClose }: { environment: string; onClose: () => void }) {
  const navigate = useNavigate();
  const [to, setTo] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const [now, setNow] = useState(false);
  const preview = useQuery({
    queryKey: ["rollback-preview", environment, to],
    queryFn: () => answer(api.POST("/api/v1/rollbacks/preview", { body: { environment, to } })),
    staleTime: 0,
    gcTime: 0,
  });
  const found = preview.data;
  const moves = found?.targets.filter((target) => target.skip === null).length ?? 0;
  const ready = found !== undefined && !preview.isFetching && found.problems.length === 0 && moves > 0 && reason.trim() !== "";
  return (
    <ActDialog
      title={`Roll back ${environment}`}
      verb={moves > 0 ? `Roll back ${plural(moves, "target")}` : "Roll back"}
      danger
      width="xlarge"
      // Names the snapshot that is shown, also where it was the offered one.
      body={ready ? { environment, to: found.snapshot.id, reason: reason.trim(), now } : null}
      act={(body, header) => answer(api.POST("/api/v1/rollbacks", { params: { header }, body }))}
      onClose={onClose}
      onDone={({ run }) => void navigate({ to: "/runs/$id", params: { id: run.id } })}
    >
      <SnapshotChoice environment={environment} onChange={setTo} />
      <Loaded query={preview} what="what would be done" failed="There is no such way back">
        {(shown) => <Verdict preview={shown} />}
      </Loaded>
      <FormControl required>
        <FormControl.Label>Reason</FormControl.Label>
        <Textarea block rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
      </FormControl>
      <FormControl>
        <Checkbox checked={now} onChange={(event) => setNow(event.target.checked)} />
        <FormControl.Label>Cut short what runs there instead of waiting for it</FormControl.Label>
      </FormControl>
      <p>
        <strong>Nothing has been touched yet.</strong> Rolling back holds {environment} for every deploy until somebody lifts the hold.
      </p>
    </ActDialog>
  );
}

function SnapshotChoice({ environment, onChange }: { environment: string; onChange: (to: string | null) => void }) {
  const query = useQuery(snapshots(environment));
  return (
    <Loaded query={query} what="the snapshots">
      {(found) => (
        <FormControl>
          <FormControl.Label>Back to</FormControl.Label>
          <Select block onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}>
            <Select.Option value="">The set before the newest release (offered)</Select.Option>
            {found.map(({ id, at, release, targets, left }) => (
              <Select.Option key={id} value={id}>
                {`${shortCommit(release)} · ${absolute(at)} · ${plural(targets.length, "target")}${left ? " · left by a rollback" : ""}`}
              </Select.Option>
            ))}
          </Select>
        </FormControl>
      )}
    </Loaded>
  );
}

function Verdict({ preview: { snapshot, targets, problems } }: { preview: Preview }) {
  return (
    <>
      <p>
        The set of <Ago at={snapshot.at} />, release <CommitId commit={snapshot.release} />
      </p>
      {problems.length > 0 && (
        <div role="alert" className="problems">
          <h2>{plural(problems.length, "problem")}: this rollback cannot start</h2>
          <ul className="plain">
            {problems.map(({ target, message, hint }) => (
              <li key={`${target} ${message}`}>
                {target !== null && <strong>{target}: </strong>}
                {message}
                {hint && <span className="muted"> {hint}</span>}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="table-box" tabIndex={0} role="region" aria-label="Targets">
        <table>
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Means</th>
            </tr>
          </thead>
          <tbody>
            {targets.map(({ target, from, to, means, skip }) => (
              <tr key={target}>
                <th scope="row">{target}</th>
                <td>
                  <CommitId commit={from} />
                </td>
                <td className="nowrap">
                  → <CommitId commit={to} />
                </td>
                <td>{skip === null ? means : <span className="muted">stays: {skip}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
