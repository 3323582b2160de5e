import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { CommitId, EnvironmentId, TargetId } from "../../core/config/config.ts";
import { serviceOf } from "../../core/config/names.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import type { RollbackPreview } from "../../engine/control.ts";
import type { Forge } from "../../github/forge.ts";
import type { Record } from "../../github/records/record.ts";
import { liftStops, placeStop } from "../../github/records/stops.ts";
import { openEngine } from "./engine.ts";
import { isFree, UNSHOWN } from "./passed.ts";
import { rowsWithSets, wholeHistory } from "./history.ts";
import { code, short } from "./outputs.ts";
import { environmentOf, mustBeGenuine, type Place } from "./place.ts";
import { wavesOf } from "./plan.ts";
import { untilFree } from "./under-way.ts";

/**
 * `sluice ci rollback`: every problem of the whole set before anything is touched; then the hold, and the set as waves of jobs.
 * Where people are to let it pass first, the jobs behind the gate hold: what is rejected has put nothing in anybody's way.
 */
export async function ciRollback(place: Place, environment: EnvironmentId, waves: number): Promise<ExitCode> {
  environmentOf(place, environment);
  const forge = await place.host.forge();
  await mustBeGenuine(place, forge);
  mustDeploy(place, environment);
  const to = place.host.env["SLUICE_TO"]?.trim() || null;
  const read = () => wholeHistory(forge, environment, place.believed);
  const first = await preflight(place, forge, environment, await read(), to);
  if (first.gate) {
    handOn(place, first, waves);
    return EXIT.done;
  }
  const hold = await holdFor(place, forge, first);
  try {
    // from here on nothing begins any more; what has begun ends first, and may have changed what there is to do
    const records = await untilFree(place, forge, "all", read, false);
    handOn(place, await preflight(place, forge, environment, records, first.snapshot.id), waves);
    return EXIT.done;
  } catch (error) {
    // nothing was touched: what this has put in everybody's way goes again
    await liftStops(forge, [hold], place.inputs.actor);
    throw error;
  }
}

/** Who may not deploy there may not hold it either: that is to keep all others from deploying. */
function mustDeploy({ policy, inputs: { actor } }: Place, environment: EnvironmentId): void {
  const deployers = resolvePrincipals(policy.environments[environment]?.deployers ?? [], policy.teams);
  if (deployers.length === 0 || deployers.includes(actor)) return;
  throw new CliError(EXIT.notAllowed, `${actor} may not deploy to ${environment}`, `Who may: ${deployers.join(", ")}`);
}

/** A commit that is behind what is live: the set that holds it is handed on. It is for the jobs that go back to hold the environment, behind its gate. */
export async function goBack(place: Place, forge: Forge, environment: EnvironmentId, commit: CommitId, waves: number): Promise<void> {
  const records = await wholeHistory(forge, environment, place.believed);
  handOn(place, await preflight(place, forge, environment, records, commit), waves);
}

/** Holds an environment for a rollback: from then on no deploy starts there, until a person lifts it. */
export async function holdFor(place: Place, forge: Forge, { environment, snapshot, plan }: RollbackPreview): Promise<number> {
  const { inputs } = place;
  mustDeploy(place, environment);
  const rollback = { to: snapshot.id, targets: Object.keys(plan.members) as TargetId[] };
  const production = environmentOf(place, environment).approval !== null;
  const { actor: by, run } = inputs;
  return await placeStop(forge, {
    kind: "hold",
    environment,
    by,
    reason: reasonOf(place),
    run,
    commit: snapshot.release,
    production,
    rollback,
  });
}

function reasonOf({ inputs: { reason } }: Place): string {
  if (reason !== null) return reason;
  throw new CliError(EXIT.usage, "SLUICE_REASON is empty", "A rollback needs a reason");
}

function handOn(place: Place, found: Found, waves: number): void {
  const { outputs } = place;
  const { environment, snapshot, plan, targets } = found;
  const moving = new Set(targets.filter((t) => t.skip === null).map((t) => serviceOf(t.target)));
  outputs.hand("commit", snapshot.release);
  outputs.hand("direction", "rollback");
  outputs.hand("to", snapshot.id);
  outputs.hand(
    "waves",
    wavesOf(plan, environment, waves, (service) => moving.has(service)),
  );
  outputs.hand("artifacts", {});
  outputs.hand("build", []);
  outputs.hand("gate", found.gate);
  show(place, found);
}

/** `gate`: people have to let it pass. */
type Found = RollbackPreview & { readonly gate: boolean };

async function preflight(
  place: Place,
  forge: Forge,
  environment: EnvironmentId,
  records: readonly Record[],
  to: string | null,
): Promise<Found> {
  const reason = reasonOf(place);
  const rows = await rowsWithSets(place, records, place.host.clock.now());
  const { engine, close } = await openEngine(place, { rows, journal: null, own: new Set(), expected: {}, left: [], records });
  try {
    const preview = await engine.previewRollback({
      environment,
      services: null,
      to,
      reason,
      now: false,
      acceptUnknown: false,
    });
    if (preview.problems.length === 0) return { ...preview, gate: await isGated(place, forge, records, preview) };
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

async function isGated(
  place: Place,
  forge: Forge,
  records: readonly Record[],
  { environment, targets }: RollbackPreview,
): Promise<boolean> {
  const moving = targets.flatMap(({ target, to, skip }) => (skip === null ? [{ target, commit: to }] : []));
  const gate = !(await isFree(place, forge, environment, records, moving));
  if (gate && environmentOf(place, environment).rollback === null)
    place.outputs.notice(`${UNSHOWN} ${environment}: it waits for an approval like a deploy`);
  return gate;
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
