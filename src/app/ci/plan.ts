import { EXIT, type ExitCode } from "../../cli/exit.ts";
import type { EnvironmentId, ServiceId } from "../../core/config/config.ts";
import { serviceOf } from "../../core/config/names.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { PLAIN_DEPLOY } from "../../engine/control.ts";
import { standingStops } from "../../github/records/stops.ts";
import { openEngine } from "./engine.ts";
import type { Waves } from "./inputs.ts";
import { code, short } from "./outputs.ts";
import { withoutPinned } from "./pinned.ts";
import { mustBeTaken, type Place } from "./place.ts";

/** GitHub's own limit on a matrix. */
const MOST_CHUNKS = 256;

export type PlanOptions = {
  readonly services: readonly ServiceId[] | null;
  readonly environments: readonly EnvironmentId[] | null;
  readonly waves: number;
};

/** `sluice ci plan`: what a deploy of the commit would do, as waves of jobs. */
export async function ciPlan(place: Place, options: PlanOptions): Promise<ExitCode> {
  const { inputs, outputs, source } = place;
  const commit = await source.resolve(inputs.commit ?? inputs.sha ?? "");
  const { plan, warnings } = await planFor(place, commit, options);
  const moving = await movingIn(place, plan, options.services);
  const waves = Object.fromEntries(
    Object.keys(plan.environments).map((id) => [id, wavesOf(plan, id, options.waves, (service) => moving.has(`${service}@${id}`))]),
  );
  outputs.hand("commit", commit);
  outputs.hand("waves", waves);
  outputs.hand("artifacts", Object.keys(plan.artifacts));
  for (const note of [...warnings, ...plan.notes]) outputs.notice(note);
  show(place, plan, waves);
  return EXIT.done;
}

/** Targets that no pin keeps where they are; of what else stands in the way it is said beforehand. */
export async function movingIn(place: Place, plan: Plan, asked: readonly ServiceId[] | null): Promise<ReadonlySet<string>> {
  const forge = await place.host.forge();
  const moving = new Set<string>();
  for (const environment of Object.keys(plan.environments)) {
    const stops = await standingStops(forge, environment, place.host.clock.now());
    for (const stop of stops)
      if (stop.kind !== "pin")
        place.outputs.notice(
          `${stop.kind === "hold" ? `${environment} is held` : `${stop.target ?? environment} is locked`} by ${stop.by}: ${stop.reason}`,
        );
    const services = Object.values(plan.members).flatMap((m) => (m.environment === environment ? [m.service] : []));
    const named = place.inputs.event === "workflow_dispatch" ? (asked?.[0] ?? null) : null;
    const { commit } = plan.release;
    for (const service of withoutPinned(place, stops, { environment, services, named, commit, to: null }))
      moving.add(`${service}@${environment}`);
  }
  return moving;
}

/** By the engine's own planner, with every check that it makes; over no records, since a plan says what is to be and not what is. */
export async function planFor(place: Place, commit: string, { services, environments }: Omit<PlanOptions, "waves">) {
  const { engine, close } = await openEngine(place, { rows: [], journal: null, own: new Set(), expected: {}, left: [], records: [] });
  try {
    const planned = await engine.plan({ ...PLAIN_DEPLOY, services, environments, commit, policyRef: place.inputs.policyRef });
    await mustBeTaken(place, Object.keys(planned.plan.environments), planned.plan.release.commit);
    return planned;
  } finally {
    await close();
  }
}

/** The members of an environment by how many steps of others come before theirs, `count` waves of them: what is deeper goes into the last one together, where the engine keeps the order. */
export function wavesOf(plan: Plan, environment: EnvironmentId, count: number, moves: (service: ServiceId) => boolean = () => true): Waves {
  const levels = levelsOf(plan, environment, moves);
  const waves = levels.slice(0, count).map(chunked);
  if (levels.length > count) {
    const rest = levels.slice(count - 1).flat();
    waves[count - 1] = [{ name: nameOf(rest), services: rest }];
  }
  while (waves.length < count) waves.push([]);
  return { n: waves.map((wave) => wave.length), waves };
}

function chunked(services: readonly ServiceId[]): Waves["waves"][number] {
  const size = Math.ceil(services.length / MOST_CHUNKS);
  const chunks: Waves["waves"][number] = [];
  for (let at = 0; at < services.length; at += size) {
    const some = services.slice(at, at + size);
    chunks.push({ name: nameOf(some), services: some });
  }
  return chunks;
}

const nameOf = ([first = "", ...others]: readonly ServiceId[]): string =>
  others.length === 0 ? first : `${first} and ${others.length} more`;

function levelsOf(plan: Plan, environment: EnvironmentId, moves: (service: ServiceId) => boolean): ServiceId[][] {
  const steps = new Map(plan.steps.filter((s) => s.environment === environment && s.target !== null).map((s) => [s.id, s]));
  const known = new Map<string, number>();
  const level = (id: string): number => {
    const step = steps.get(id);
    if (!step) return 0;
    const before = known.get(id) ?? Math.max(0, ...step.needs.map(level));
    known.set(id, before);
    return step.kind === "deploy" && moves(serviceOf(step.target ?? "")) ? before + 1 : before;
  };
  const levels: ServiceId[][] = [];
  for (const step of steps.values()) {
    const service = serviceOf(step.target ?? "");
    if (step.kind === "deploy" && moves(service)) (levels[level(step.id) - 1] ??= []).push(service);
  }
  return levels;
}

function show({ outputs }: Place, plan: Plan, waves: Readonly<Record<EnvironmentId, Waves>>): void {
  const rows = Object.entries(waves).flatMap(([environment, { waves: all }]) =>
    all.flatMap((wave, i) =>
      wave.length === 0
        ? []
        : [
            [
              environment,
              String(i + 1),
              wave
                .flatMap((c) => c.services)
                .map(code)
                .join(" "),
            ],
          ],
    ),
  );
  outputs.table(`Plan of ${short(plan.release.commit)}`, ["Environment", "Wave", "Services"], rows);
  for (const [environment, wave, services] of rows) outputs.say(`${environment} wave ${wave}: ${services?.replaceAll("`", "")}`);
  if (plan.notes.length > 0) outputs.summary(plan.notes.map((note) => `- ${note}`).join("\n"));
}
