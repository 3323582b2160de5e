import { CliError, EXIT } from "../../cli/exit.ts";
import type { TargetId } from "../../core/config/config.ts";
import type { Forge, WorkflowRun } from "../../github/forge.ts";
import { isTarget, type Record, runIdOf, type RunRef, type TargetRecord } from "../../github/records/record.ts";
import type { Place } from "./place.ts";

/** How long an attempt of another workflow run is awaited, in ms, and how often it is looked at. */
const PATIENCE_MS = 30 * 60_000;
const PAUSE = { first: 5_000, most: 60_000, times: 1.5 };
/** How much later than its own time the end of a soak may be told, in ms. */
const LATE_MS = 60_000;

/** Attempts of other workflow runs that have not ended, each with its run. Those of runs that have ended, or were run again, are in doubt and not under way. */
export async function underWay(
  place: Place,
  forge: Forge,
  records: readonly Record[],
  own: (target: TargetId) => boolean,
  soaks: boolean,
): Promise<readonly { readonly record: TargetRecord; readonly run: WorkflowRun }[]> {
  const found: { readonly record: TargetRecord; readonly run: WorkflowRun }[] = [];
  const runs = new Map<RunRef, WorkflowRun | null>();
  const now = place.host.clock.now();
  for (const record of open(records, (r) => soaks && now < soakEnd(r))) {
    if (!own(record.target)) continue;
    // GitHub lets one job at a time at a target: what this very run began has ended, or it would not be here
    if (runIdOf(record.run) === place.inputs.runId) continue;
    const run = runs.get(record.run) ?? (await forge.workflowRun(runIdOf(record.run)));
    runs.set(record.run, run);
    if (run !== null && run.conclusion === null && `${run.id}/${run.attempt}` === record.run) found.push({ record, run });
  }
  return found;
}

const soakEnd = ({ at, definition }: TargetRecord): number => (at ?? 0) + (definition.verify?.soakMs ?? 0) + LATE_MS;

/** Acts that have not said how they ended. One that something became live after is over, whatever it says. */
function open(records: readonly Record[], soaking: (record: TargetRecord) => boolean): readonly TargetRecord[] {
  const found = new Map<TargetId, TargetRecord[]>();
  for (const record of records) {
    if (!isTarget(record)) continue;
    const { target, state } = record;
    if (state === "under-way") found.set(target, [...(found.get(target) ?? []), record]);
    else if (state === "serving" && soaking(record)) found.set(target, [record]);
    else if (state === "good" || state === "serving" || state === "changed") found.delete(target);
  }
  return [...found.values()].flat();
}

/** The records, once nobody else is at these targets any more; `soaks`: nor watches them. Rejects where that does not come. */
export async function untilFree(
  place: Place,
  forge: Forge,
  own: ReadonlySet<TargetId> | "all",
  read: () => Promise<readonly Record[]>,
  soaks: boolean,
): Promise<readonly Record[]> {
  const { clock, wait, interrupted } = place.host;
  const deadline = clock.now() + PATIENCE_MS;
  for (let pause = PAUSE.first; ; pause = Math.min(pause * PAUSE.times, PAUSE.most)) {
    const records = await read();
    const busy = await underWay(place, forge, records, (target) => own === "all" || own.has(target), soaks);
    if (busy.length === 0) return records;
    const said = busy.map(({ record, run }) => `${record.target} (${run.url})`).join(", ");
    if (clock.now() + pause > deadline)
      throw new CliError(EXIT.failed, `Others are at it still: ${said}`, "Await or cancel these workflow runs, then run this again");
    place.outputs.say(`Waits for what is under way: ${said}`);
    await wait(pause, interrupted);
  }
}
