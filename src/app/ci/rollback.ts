import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { EnvironmentId, ServiceId, TargetId } from "../../core/config/config.ts";
import type { RollbackPreview } from "../../engine/control.ts";
import type { Forge } from "../../github/forge.ts";
import { heldStatus, holdDeploymentOf, liftedStatus, type Record } from "../../github/records/record.ts";
import { openEngine } from "./engine.ts";
import { rowsWithSets, wholeHistory } from "./history.ts";
import { code, short } from "./outputs.ts";
import { environmentOf, mustBeGenuine, type Place } from "./place.ts";
import { wavesOf } from "./plan.ts";
import { untilFree } from "./under-way.ts";

/** `sluice ci rollback`: every problem of the whole set before anything is touched; then the hold, and the set as waves of jobs. */
export async function ciRollback(place: Place, environment: EnvironmentId, waves: number): Promise<ExitCode> {
  environmentOf(place, environment);
  const forge = await place.host.forge();
  await mustBeGenuine(place, forge);
  await goBack(place, forge, environment, place.host.env["SLUICE_TO"]?.trim() || null, waves);
  return EXIT.done;
}

/** Finds the set, holds the environment, awaits what is under way there, and hands the set on so that each job finds it again. */
export async function goBack(place: Place, forge: Forge, environment: EnvironmentId, to: string | null, waves: number): Promise<void> {
  const { inputs, outputs } = place;
  const { reason } = inputs;
  if (reason === null) throw new CliError(EXIT.usage, "SLUICE_REASON is empty", "A rollback needs a reason");
  const first = await preflight(place, environment, await wholeHistory(forge, environment), to);
  const { rollback } = environmentOf(place, environment);
  const going = {
    environment,
    by: inputs.actor,
    reason,
    run: inputs.run,
    commit: first.snapshot.release,
    production: environmentOf(place, environment).approval !== null,
  };
  const targets = Object.keys(first.plan.members) as TargetId[];
  const hold = await forge.createDeployment(holdDeploymentOf({ ...going, rollback: { to: first.snapshot.id, targets } }));
  try {
    await forge.setStatus(hold, heldStatus());
    // from here on nothing begins any more; what has begun ends first, and may have changed what there is to do
    const records = await untilFree(place, forge, "all", () => wholeHistory(forge, environment));
    const last = await preflight(place, environment, records, first.snapshot.id);
    const moving = new Set(last.targets.filter((t) => t.skip === null).map((t) => serviceOf(t.target)));
    outputs.hand("commit", last.snapshot.release);
    outputs.hand("direction", "rollback");
    outputs.hand("to", last.snapshot.id);
    outputs.hand(
      "waves",
      wavesOf(last.plan, environment, waves, (service) => moving.has(service)),
    );
    outputs.hand("artifacts", {});
    outputs.hand("gate", rollback !== null);
    show(place, last);
  } catch (error) {
    // nothing was touched: what this has put in everybody's way goes again
    await forge.setStatus(hold, liftedStatus(inputs.actor));
    throw error;
  }
}

async function preflight(
  place: Place,
  environment: EnvironmentId,
  records: readonly Record[],
  to: string | null,
): Promise<RollbackPreview> {
  const rows = await rowsWithSets(place, records, place.host.clock.now());
  const { engine, close } = await openEngine(place, { rows, journal: null, own: new Set(), expected: {}, left: [] });
  try {
    const preview = await engine.previewRollback({
      environment,
      services: null,
      to,
      reason: place.inputs.reason ?? "",
      now: false,
      acceptUnknown: false,
    });
    if (preview.problems.length === 0) return preview;
    for (const { target, message, hint } of preview.problems)
      place.outputs.problem(`${target === null ? "" : `${target}: `}${message}`, hint);
    place.outputs.table(
      `${environment} cannot be rolled back to ${preview.snapshot.id}: nothing has been touched`,
      ["Target", "Problem", "What to do"],
      preview.problems.map((p) => [p.target ?? environment, p.message, p.hint]),
    );
    throw new CliError(
      EXIT.failed,
      `Nothing has been touched: ${preview.problems.length} problem(s) stand in the way`,
      "They are listed above",
    );
  } finally {
    await close();
  }
}

function show({ outputs }: Place, { environment, snapshot, targets, notes }: RollbackPreview): void {
  outputs.table(
    `Rollback of ${environment} to ${snapshot.id}, ${new Date(snapshot.at).toISOString()}`,
    ["Target", "From", "To", "How"],
    targets.map((t) => [t.target, t.from === null ? "" : code(short(t.from)), code(short(t.to)), t.skip ?? t.means]),
  );
  for (const t of targets) outputs.say(`${t.target}: ${t.skip ?? `${short(t.from ?? "nothing")} → ${short(t.to)}`}`);
  for (const note of notes) outputs.notice(note);
}

const serviceOf = (target: TargetId): ServiceId => target.slice(0, target.lastIndexOf("@"));
