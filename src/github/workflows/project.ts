import type { Config, Environment, EnvironmentId, Github, Service, ServiceId } from "../../core/config/config.ts";
import { TOKEN } from "../../core/config/github.ts";
import { environmentsBefore, environmentsOf, Needs } from "../../core/plan/needs.ts";

/** An environment that services use, and what its workflows must know. */
export type Place = {
  readonly id: EnvironmentId;
  readonly policy: Environment;
  /** Those that a release has to have passed before, among the environments in use. */
  readonly before: readonly EnvironmentId[];
  /** Whether a person may have to open a gate, for a deploy or for a rollback. */
  readonly gated: boolean;
};

/** What the files are made from: a config, and what follows from it. */
export type Project = {
  readonly config: Config;
  readonly github: Github;
  /** Where `sluice.yaml` is, from the repository's root; empty: there. */
  readonly directory: string;
  readonly places: readonly Place[];
  readonly needs: Needs;
  readonly waves: number;
  /** Whether a registry of images is asked, or pushed to. */
  readonly images: { readonly read: boolean; readonly push: boolean };
  /** Artifacts of deploy all: not those of services alone that are deployed by hand. */
  readonly artifacts: readonly string[];
  /** Whether texts with masked secrets are compared. */
  readonly masks: boolean;
  /** How many levels of services the last wave holds beyond its own. */
  readonly surplus: number;
};

/** Throws where the config does not ask for workflows. */
export function projectOf(config: Config, directory: string): Project {
  const { github, policy } = config;
  if (github === undefined) throw new Error("workflows: the config has no `github`");
  const services = Object.values(config.services);
  const used = new Set(services.flatMap((service) => environmentsOf(service, policy)));
  const needs = new Needs(config, policy);
  const levels = Math.max(1, ...[...used].map((id) => levelsIn(config, needs, id)));
  const waves = github.waves ?? Math.min(levels, MOST_WAVES);
  const images = services
    .flatMap(({ artifact }) => (artifact === null ? [] : (config.artifacts[artifact] ?? [])))
    .filter(({ image }) => image);
  return {
    config,
    github,
    directory,
    places: Object.entries(policy.environments).flatMap(([id, environment]) =>
      used.has(id) ? [placeOf(config, id, environment, used)] : [],
    ),
    needs,
    waves,
    artifacts: artifactsOf(config),
    masks: services.some(({ deploy }) => MASKING.has(deploy.driver)),
    images: { read: images.length > 0, push: images.some(({ awaits }) => awaits === undefined) },
    surplus: Math.max(0, levels - waves),
  };
}

const MOST_WAVES = 20;
/** Drivers that compare objects which hold secrets. */
const MASKING: ReadonlySet<string> = new Set(["helm", "kubernetes"]);

/** What deploy all needs built: nothing that only services use which are deployed by hand. */
function artifactsOf({ services, artifacts }: Config): readonly string[] {
  const used = new Set(Object.values(services).flatMap(({ artifact, manual }) => (manual ? [] : (artifact ?? []))));
  return Object.keys(artifacts).filter((name) => used.has(name));
}

function placeOf({ policy }: Config, id: EnvironmentId, environment: Environment, used: ReadonlySet<string>): Place {
  return {
    id,
    policy: environment,
    before: environmentsBefore(policy, id, (other) => used.has(other)),
    gated: environment.approval !== null || environment.rollback !== null,
  };
}

/** How many services stand one on the other in an environment, at most. */
function levelsIn(config: Config, needs: Needs, environment: EnvironmentId): number {
  const levels = new Map<ServiceId, number>();
  const levelOf = (id: ServiceId): number => {
    const known = levels.get(id);
    if (known !== undefined) return known;
    const service = config.services[id];
    const level = service === undefined ? 0 : 1 + Math.max(0, ...needs.of(service, environment).map(levelOf));
    levels.set(id, level);
    return level;
  };
  const there = Object.entries(config.services).filter(([, service]) => environmentsOf(service, config.policy).includes(environment));
  return Math.max(0, ...there.map(([id]) => levelOf(id)));
}

/** The environments of a service. */
export const placesOf = ({ places, config }: Project, service: Service): readonly Place[] =>
  places.filter(({ id }) => environmentsOf(service, config.policy).includes(id));

/** Credentials of environments that are secrets of GitHub's, and not set by steps, each once, with those that name it. */
export function credentialsOf({ github }: Project, places: readonly Place[]): ReadonlyMap<string, readonly EnvironmentId[]> {
  const found = new Map<string, EnvironmentId[]>();
  const set = new Set([TOKEN, ...github.setup.deploy.sets]);
  for (const { id, policy } of places)
    for (const name of policy.credentials) if (!set.has(name)) found.set(name, [...(found.get(name) ?? []), id]);
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const MINUTE = 60_000;
/** Time to get a runner ready and to look around; and what a stuck one may cost. */
const SLACK_MINUTES = 15;
/** Five days, after which GitHub ends a job on anybody's runner. */
const MOST_MINUTES = 7_200;

export const minutes = (ms: number): number => Math.min(MOST_MINUTES, Math.ceil(ms / MINUTE) + SLACK_MINUTES);

/** How long `sluice ci` waits for what other workflow runs have under way at its targets. */
export const UNDER_WAY_MS = 30 * MINUTE;

/** What making artifacts again may take that a machine does not have: images are in their registry. */
export const againMs = ({ artifacts }: Config, names: readonly string[]): number =>
  names.reduce((sum, name) => {
    const { image, awaits, timeoutMs = 0 } = artifacts[name] ?? {};
    return image === undefined && awaits === undefined ? sum + timeoutMs : sum;
  }, 0);

/** What a service's leg may take: its deploy, its checks and its soak, the waits for others and for what it needs, and its artifact. */
export const legMs = ({ config }: Project, { deploy, verify, artifact }: Service, { policy }: Place): number =>
  UNDER_WAY_MS +
  againMs(config, artifact === null ? [] : [artifact]) +
  deploy.timeoutMs +
  (verify?.timeoutMs ?? 0) +
  (verify?.soakMs ?? 0) +
  policy.needsTimeoutMs;
