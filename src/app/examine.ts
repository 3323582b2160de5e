import type { CommitId, Config, EnvironmentId, Policy } from "../core/config/config.ts";
import { checkRelease } from "../core/config/release.ts";
import { planDeploy } from "../core/plan/deploy.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Check } from "../cli/context.ts";
import { eachOf } from "../engine/each.ts";
import { messageOf } from "../engine/errors.ts";
import { look, LOOKS_AT_ONCE, masked, secretsOf } from "../engine/looks.ts";
import type { Builder, Driver, Finding, LookContext } from "../engine/ports/driver.ts";
import { systemClock } from "./clock.ts";

/** For one driver in one environment, or one builder; and for all of them, in ms. */
const EXAMINE_MS = 30_000;
const ALL_MS = 120_000;

export type Examined = {
  /** As the work tree has it. */
  readonly release: Config;
  /** As the policy ref has it. */
  readonly policy: Policy;
  readonly commit: CommitId;
  /** null: all. */
  readonly environments: readonly EnvironmentId[] | null;
  readonly home: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};
export type Adapters = {
  readonly driver: (name: string) => Promise<Driver>;
  readonly builder: (name: string) => Promise<Builder>;
};
type Examine = (context: Omit<LookContext, "tree">) => Promise<readonly Finding[]>;
/** One adapter, and what it is asked about; it has nothing to look at where `load` has null. `environment` null: it is about artifacts. */
type Task = {
  readonly name: string;
  readonly environment: EnvironmentId | null;
  readonly about: string;
  readonly load: () => Promise<Examine | null>;
};

/** What drivers and builders find of tools, access and rights, for every target and artifact that the file declares. Touches nothing; one that hangs or throws hides no other. */
export async function examine(examined: Examined, adapters: Adapters): Promise<readonly Check[]> {
  const { release, policy, commit, environments, file } = examined;
  const refusals = checkRelease(release, policy, file);
  if (refusals.length > 0) return refusals.map(({ message, hint }) => ({ name: file, status: "problem", message, hint }));
  // also manual ones, which deploy all leaves out
  const planned = planDeploy({ release, policy, commit, services: Object.keys(release.services), environments, promotion: null });
  if ("problems" in planned) return planned.problems.map(({ message, hint }) => ({ name: file, status: "problem", message, hint }));
  const { plan } = planned;
  const tasks = [...builderTasks(plan, adapters), ...driverTasks(plan, release.project, adapters)];
  const secrets = secretsOf(
    Object.values(plan.members).map(({ definition }) => definition),
    examined.env,
  );
  const found = new Map<Task, readonly Finding[]>();
  const until = systemClock.now() + ALL_MS;
  await eachOf(tasks, LOOKS_AT_ONCE, async (task) => {
    found.set(task, await findingsOf(task, examined, until));
  });
  const order = Object.keys(plan.environments);
  return merged(
    tasks.flatMap((task) => (found.get(task) ?? []).map((finding) => ({ task, finding }))),
    order,
  ).map((check) => ({
    ...check,
    message: masked(check.message, secrets),
    ...(check.hint === undefined ? {} : { hint: masked(check.hint, secrets) }),
  }));
}

async function findingsOf(task: Task, { home, commit }: Examined, until: number): Promise<readonly Finding[]> {
  const parts = { home, clock: systemClock, trees: () => Promise.reject(new Error("an examination reads no commit")) };
  try {
    const act = await task.load();
    if (act === null) return [{ level: "ok", subject: task.name, message: `${task.about}, with nothing to examine`, hint: null }];
    return await look(parts, { ms: EXAMINE_MS, until }, commit, act);
  } catch (error) {
    return [{ level: "problem", subject: task.name, message: `${task.about} could not be examined: ${messageOf(error)}`, hint: null }];
  }
}

function driverTasks({ members }: Plan, project: string, adapters: Adapters): readonly Task[] {
  const all = Object.values(members);
  return [...Map.groupBy(all, ({ environment, definition }) => `${environment} ${definition.driver}`).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const name = first.definition.driver;
    const targets = group.map(({ target, definition }) => ({ project, target, definition }));
    return [
      {
        name,
        environment: first.environment,
        about: countOf(targets.length, "target"),
        async load() {
          const driver = await adapters.driver(name);
          return driver.examine ? (context) => driver.examine?.(targets, context) ?? Promise.resolve([]) : null;
        },
      },
    ];
  });
}

function builderTasks({ artifacts }: Plan, adapters: Adapters): readonly Task[] {
  return [...Map.groupBy(Object.entries(artifacts), ([, { builder }]) => builder)].map(([name, group]) => {
    const inputs = group.map(([key, { config }]) => ({ name: key, config }));
    return {
      name,
      environment: null,
      about: countOf(inputs.length, "artifact"),
      async load() {
        const builder = await adapters.builder(name);
        return builder.examine ? (context) => builder.examine?.(inputs, context) ?? Promise.resolve([]) : null;
      },
    };
  });
}

const countOf = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

type Told = { readonly task: Task; readonly finding: Finding };

/** What is said alike by several, drivers or environments, is said once, with all environments. Rights that are missing are those of an environment: others have other accounts. */
function merged(found: readonly Told[], order: readonly EnvironmentId[]): readonly Check[] {
  const said = [...Map.groupBy(found, ({ task, finding }) => JSON.stringify([task.environment, keyOf(finding)])).values()].flatMap(joined);
  const groups = Map.groupBy(said, ({ finding }) => keyOf(finding));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { level, subject, message, hint } = first.finding;
    const environments = order.filter((id) => group.some(({ task }) => task.environment === id));
    return [
      { name: subject, status: level, message, ...(hint === null ? {} : { hint }), ...(environments.length > 0 ? { environments } : {}) },
    ];
  });
}

const keyOf = ({ level, subject, message, hint }: Finding): string => JSON.stringify([level, subject, message, hint]);

/** All that is said alike in one environment, as one. */
function joined(group: readonly Told[]): readonly Told[] {
  const [first] = group;
  const rights = group.flatMap(({ finding }) => finding.rights ?? []);
  if (first === undefined || rights.length === 0) return first ? [first] : [];
  return [{ ...first, finding: { ...first.finding, message: `${first.finding.message}: ${rightsText(rights)}` } }];
}

/** `create, patch on deployments.apps; get on secrets`. */
function rightsText(rights: NonNullable<Finding["rights"]>): string {
  const groups = Map.groupBy(rights, ({ on }) => on);
  return [...groups].map(([on, ones]) => `${[...new Set(ones.map(({ verb }) => verb))].join(", ")} on ${on}`).join("; ");
}
