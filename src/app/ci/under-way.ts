import { CliError, EXIT } from "../../cli/exit.ts";
import type { TargetId } from "../../core/config/config.ts";
import type { Forge } from "../../github/forge.ts";
import { FIRST_PAUSE_MS, nextPauseMs } from "../../github/pauses.ts";
import { isAt, isServers, isTarget, type Record, runIdOf, type RunRef, type TargetRecord } from "../../github/records/record.ts";
import type { Place } from "./place.ts";

/** How long an attempt of another workflow run is awaited, in ms. */
const PATIENCE_MS = 30 * 60_000;
/** How long after an act was recorded GitHub may not have said yet that the job which recorded it is under way, in ms. */
const NEW_MS = 2 * 60_000;
/** How much later than its own time the end of a soak may be told, in ms. */
const LATE_MS = 60_000;

/** An attempt of others that has not ended, and where it can be looked at. */
type Busy = { readonly record: TargetRecord; readonly where: string };

/** Attempts of other workflow runs, and of servers, that have not ended; and those, by number, that nobody is at any more: their jobs have ended, or their runs were run again. */
async function underWay(
  place: Place,
  forge: Forge,
  records: readonly Record[],
  own: (target: TargetId) => boolean,
  soaks: boolean,
): Promise<{ readonly busy: readonly Busy[]; readonly left: readonly number[] }> {
  const busy: Busy[] = [];
  const left: number[] = [];
  const runs = new Map<RunRef, Promise<string | null>>();
  const now = place.host.clock.now();
  for (const record of open(records, (r) => soaks && now < soakEnd(r))) {
    // GitHub lets one job at a time at a target: what this very run began has ended, or it would not be here
    if (!own(record.target) || (!isServers(record.run) && runIdOf(record.run) === place.inputs.runId)) continue;
    const where = runs.get(record.run) ?? aliveAt(forge, record.run, now - record.createdAt < NEW_MS);
    runs.set(record.run, where);
    const at = await where;
    if (at === null) left.push(record.id);
    else busy.push({ record, where: at });
  }
  return { busy, left };
}

/** Where a run that may still be at its targets is looked at; null: it is not. One of which no job is under way waits for people, perhaps for weeks, and what its jobs left is left. */
async function aliveAt(forge: Forge, ref: RunRef, isNew: boolean): Promise<string | null> {
  // whether a server is at it still only that server knows
  if (isServers(ref)) return `run ${runIdOf(ref)} of a server of Sluice's`;
  const run = await forge.workflowRun(runIdOf(ref));
  if (run === null || run.conclusion !== null || !isAt(run, ref)) return null;
  const isAtIt = isNew || (await forge.jobs(run.id)).some(({ began, conclusion }) => began && conclusion === null);
  return isAtIt ? run.url : null;
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
  // what ended between the answers that this look is made of may have said how: it is left only where the next look says so too
  let leftBefore = "";
  for (let pause = FIRST_PAUSE_MS; ;) {
    const records = await read();
    const { busy, left } = await underWay(place, forge, records, (target) => own === "all" || own.has(target), soaks);
    if (busy.length === 0 && left.join(" ") === leftBefore) return records;
    leftBefore = left.join(" ");
    if (busy.length === 0) continue;
    const said = busy.map(({ record, where }) => `${record.target} (${where})`).join(", ");
    if (clock.now() + pause > deadline)
      throw new CliError(
        EXIT.failed,
        `Others are at it still: ${said}`,
        `Await or cancel these runs, then run this again.${busy.some(({ record }) => isServers(record.run)) ? " Where that server is no more: sluice github settle" : ""}`,
      );
    place.outputs.say(`Waits for what is under way: ${said}`);
    await wait(pause, interrupted);
    pause = nextPauseMs(pause);
  }
}
