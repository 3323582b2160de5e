import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { Digest, EnvironmentId, ServiceId, TargetId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import type { RunRow } from "../../core/run/rows.ts";
import { PLAIN_DEPLOY, RequestError, type RollbackPreview } from "../../engine/control.ts";
import type { Forge, WorkflowRun } from "../../github/forge.ts";
import { isTarget, type Record, type TargetRecord } from "../../github/records/record.ts";
import { rowsOf } from "../../github/records/rows.ts";
import { holdOf } from "../../github/records/stops.ts";
import { approversOf } from "./approvers.ts";
import { drive } from "./drive.ts";
import { type CiEngine, mustOutlive, openEngine } from "./engine.ts";
import { buildsOf, goodOf, newestHistory, rowsWithSets, wholeHistory } from "./history.ts";
import { artifactsOf, chunkOf, mustSayCommit } from "./inputs.ts";
import { inDoubt, Journal } from "./journal.ts";
import { mustBeLetThrough } from "./passed.ts";
import { isNamed, type Leg, withoutPinned } from "./pinned.ts";
import { planFor } from "./plan.ts";
import { outcomesOf, settleHint } from "./outcome.ts";
import { code, short } from "./outputs.ts";
import { environmentOf, environmentsUpTo, mustBeGenuine, mustBeTaken, type Place } from "./place.ts";
import { holdFor } from "./rollback.ts";
import { untilFree } from "./under-way.ts";

/** `sluice ci deploy`: one engine run for the services of a chunk in one environment, from records and into records. */
export async function ciDeploy(place: Place, environment: EnvironmentId): Promise<ExitCode> {
  const { host, inputs, source } = place;
  environmentOf(place, environment);
  const back = host.env["SLUICE_DIRECTION"] === "rollback";
  const to = back ? host.env["SLUICE_TO"] || null : null;
  if (back && to === null)
    throw new CliError(EXIT.usage, "SLUICE_TO is empty", "A rollback names the recorded set that the job before has found");
  if (back && inputs.reason === null) throw new CliError(EXIT.usage, "SLUICE_REASON is empty", "A rollback needs a reason");
  const { services } = chunkOf(host.env);
  const commit = await source.resolve(mustSayCommit(inputs));
  const forge = await host.forge();
  const run = await mustBeGenuine(place, forge, true);
  const leg: Leg = { environment, services, named: services.find((service) => isNamed(run, service)) ?? null, commit, to };
  // what was recorded meanwhile is read once more; who is overtaken again gives up
  const first = await tryLeg(place, forge, run, leg);
  if (first !== "overtaken") return first;
  place.outputs.say("Something was recorded meanwhile: once more, from what is recorded now");
  const second = await tryLeg(place, forge, run, leg);
  if (second !== "overtaken") return second;
  place.outputs.problem(`${environment} was changed by others twice while this job began`, "Run it again");
  return EXIT.failed;
}

async function tryLeg(place: Place, forge: Forge, by: WorkflowRun, asked: Leg): Promise<ExitCode | "overtaken"> {
  const own = new Set(asked.services.map((service): TargetId => `${service}@${asked.environment}`));
  const { believed } = place;
  const read = () =>
    asked.to === null
      ? newestHistory(forge, asked.environment, () => withNeeds(place, asked), believed)
      : wholeHistory(forge, asked.environment, believed);
  const records = await untilFree(place, forge, own, read, asked.to === null);
  mustNotBeHeld(asked, records);
  const leg = { ...asked, services: withoutPinned(place, records, asked) };
  if (leg.services.length === 0) return EXIT.done;
  const journal = new Journal(
    {
      forge,
      believed,
      run: place.inputs.run,
      records,
      production: environmentOf(place, leg.environment).approval !== null,
      logUrl: place.inputs.url,
      now: () => place.host.clock.now(),
    },
    own,
  );
  const expected = leg.to === null ? artifactsOf(place.host.env) : {};
  const at = place.host.clock.now();
  const rows = leg.to === null ? rowsOf(records, null, at) : await rowsWithSets(place, records, at);
  const more = leg.to === null ? [...(await goodBefore(place, forge, leg, expected)), ...buildsOf(expected, leg.commit, at)] : [];
  const opened = await openEngine(place, { rows: [...more, ...rows], journal, own, expected, left: leftBy(records, own), records });
  try {
    const held = leg.to !== null && holdOf(records, leg.environment)?.rollback?.to === leg.to;
    const approvers = approversOf(place, forge, { ...leg, records });
    const mayGoBack = (preview: RollbackPreview) => mustBeLetThrough(place, forge, { run: by, records, preview, approvers });
    const run = await admit(place, forge, opened, leg, held, mayGoBack);
    if (run === null) return EXIT.done;
    const stuck = await drive({ ...opened, place, approvers });
    await journal.end();
    await opened.logged();
    if (journal.overtaken !== null) return "overtaken";
    return await report(place, opened, run, leg, stuck);
  } finally {
    await opened.close();
  }
}

/** What was good in the environments before, of the very artifacts that this leg deploys: of others made of the same commit nothing was proved. */
async function goodBefore(place: Place, forge: Forge, leg: Leg, expected: { readonly [key: string]: Digest }): Promise<readonly Change[]> {
  const { services, artifacts } = await place.configs.at(leg.commit);
  const own = new Set(leg.services);
  const counts = ({ service, target, digest }: TargetRecord): boolean => {
    const name = services[service]?.artifact ?? "";
    const wanted = artifacts[name]?.perEnvironment === false ? expected[name] : undefined;
    const same = wanted === undefined || wanted === digest;
    if (!same && own.has(service))
      place.outputs.notice(
        `${target} was good at ${short(leg.commit)} with another artifact (${digest}, and this is ${wanted}): that does not count`,
      );
    return same;
  };
  return await goodOf(forge, environmentsUpTo(place, leg.environment), leg.commit, place.believed, counts);
}

/** The services of a leg, and what they need there. */
async function withNeeds(place: Place, { environment, services, commit }: Leg): Promise<readonly ServiceId[]> {
  const { plan } = await planFor(place, commit, { services, environments: [environment] });
  return [...new Set([...services, ...Object.values(plan.members).flatMap(({ definition }) => definition.needs)])];
}

/** Attempts that an earlier job on this very host may have left running. */
const leftBy = (records: readonly Record[], own: ReadonlySet<TargetId>): readonly string[] =>
  records.filter((r): r is TargetRecord => isTarget(r) && own.has(r.target) && inDoubt(r)).map((r) => r.attempt);

function mustNotBeHeld({ environment, to }: Leg, records: readonly Record[]): void {
  const hold = to === null ? holdOf(records, environment) : null;
  if (hold === null) return;
  throw new CliError(
    EXIT.failed,
    `${environment} is held by ${hold.by}: ${hold.reason}`,
    `Lift it when it is over: sluice github unhold --env ${environment}`,
  );
}

/** null: there is nothing to do. */
async function admit(
  place: Place,
  forge: Forge,
  { engine }: CiEngine,
  leg: Leg,
  held: boolean,
  mayGoBack: (preview: RollbackPreview) => Promise<void>,
): Promise<RunRow | null> {
  const { inputs, outputs } = place;
  const { environment, services, commit, to } = leg;
  const actor = { name: inputs.actor };
  if (to === null) {
    await mustBeTaken(place, [environment], commit);
    const request = { ...PLAIN_DEPLOY, services, environments: [environment], commit, policyRef: inputs.policyRef, reason: inputs.reason };
    const { plan } = await engine.plan(request);
    await mustOutlive(
      place,
      Object.values(plan.members).map((m) => m.definition.driver),
    );
    const { run, warnings } = await engine.deploy(request, actor);
    for (const warning of warnings) outputs.notice(warning);
    return run;
  }
  const request = { environment, services, to, reason: inputs.reason ?? "", now: false, acceptUnknown: false };
  const preview = await engine.previewRollback(request);
  await mustOutlive(
    place,
    Object.values(preview.plan.members).map((m) => m.definition.driver),
  );
  if (preview.targets.length > 0 && preview.targets.every((t) => t.skip !== null)) {
    for (const t of preview.targets) outputs.say(`${t.target} is left as it is: ${t.skip}`);
    outputs.table(
      `${environment}: nothing to roll back`,
      ["Target", "Why"],
      preview.targets.map((t) => [code(t.target), t.skip ?? ""]),
    );
    return null;
  }
  await mayGoBack(preview);
  // whoever found the set by hand has held nothing: nobody deploys in between from here on
  if (!held) await holdFor(place, forge, await engine.previewRollback({ ...request, services: null }));
  return (await engine.rollback(request, actor)).run;
}

async function report(
  place: Place,
  { store }: CiEngine,
  { id }: RunRow,
  leg: Leg,
  stuck: Awaited<ReturnType<typeof drive>>,
): Promise<ExitCode> {
  const { outputs, inputs } = place;
  const [run, plan] = [await store.run(id), await store.plan(id)];
  if (!run || !plan) throw new RequestError("not-found", `run ${id} is gone`, "this should not happen");
  const members = await outcomesOf(store, run, plan, stuck);
  const link = (url: string | null) => (url === null ? `[log](${inputs.url})` : `[${url}](${url}), [log](${inputs.url})`);
  outputs.table(
    `${leg.environment}: ${leg.to === null ? "deploy" : "rollback"} of ${short(run.commit)}`,
    ["Service", "Commit", "Result", "Links"],
    members.map((m) => [m.service, code(short(m.commit)), `${m.ok ? "✓" : "✗"} ${m.words}`, link(m.url)]),
  );
  for (const m of members) {
    const line = `${m.service}@${leg.environment} ${short(m.commit)}: ${m.words}`;
    if (m.ok) outputs.say(line);
    else outputs.problem(line, m.inDoubt ? settleHint(`${m.service}@${leg.environment}`) : undefined);
  }
  outputs.hand("results", Object.fromEntries(members.map((m) => [m.service, m.words])));
  if (place.host.interrupted.aborted) return EXIT.interrupted;
  return members.every((m) => m.ok) ? EXIT.done : EXIT.failed;
}
