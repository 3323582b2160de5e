import type { Config, EnvironmentId, Policy, Service, ServiceId } from "../config/config.ts";

/** Where a service is deployed, in the order of policy. */
export function environmentsOf(service: Service, policy: Policy): readonly EnvironmentId[] {
  return Object.keys(policy.environments).filter((e) => service.environments?.includes(e) ?? true);
}

/** Who needs whom at a release. One for each plan: the lists that many services share are made once, and are the same array for all of them. */
export class Needs {
  readonly #release: Config;
  readonly #policy: Policy;
  /** By environment. */
  readonly #backends = new Map<EnvironmentId, readonly ServiceId[]>();

  constructor(release: Config, policy: Policy) {
    this.#release = release;
    this.#policy = policy;
  }

  /**
   * The services that a service needs in an environment: those it names, for a frontend that names none every backend; those that are not there are left out.
   * By name, so that moving a service within the file changes no definition.
   */
  of({ tier, needs }: Service, environment: EnvironmentId): readonly ServiceId[] {
    if (needs) return this.#there(needs, environment);
    return tier === "frontend" ? this.#everyBackend(environment) : [];
  }

  /** The environments in which a service must have been good before `environment`: an environment that it lacks is replaced by that one's own needs. */
  promotesFrom(service: Service, environment: EnvironmentId): readonly EnvironmentId[] {
    const own = environmentsOf(service, this.#policy);
    return environmentsBefore(this.#policy, environment, (e) => own.includes(e));
  }

  #everyBackend(environment: EnvironmentId): readonly ServiceId[] {
    const known = this.#backends.get(environment);
    if (known) return known;
    const { services } = this.#release;
    const made = this.#there(
      Object.keys(services).filter((s) => services[s]?.tier === "backend"),
      environment,
    );
    this.#backends.set(environment, made);
    return made;
  }

  #there(wanted: readonly ServiceId[], environment: EnvironmentId): readonly ServiceId[] {
    const there = wanted.filter((s) => {
      const needed = this.#release.services[s];
      return needed !== undefined && environmentsOf(needed, this.#policy).includes(environment);
    });
    return there.toSorted((a, b) => (a < b ? -1 : 1));
  }
}

/** What an environment needs, among those that exist: one that does not is replaced by what it needs itself. */
export function environmentsBefore(
  policy: Policy,
  environment: EnvironmentId,
  exists: (e: EnvironmentId) => boolean,
): readonly EnvironmentId[] {
  const found = new Set<EnvironmentId>();
  const visit = (id: EnvironmentId) => {
    for (const need of policy.environments[id]?.needs ?? []) {
      if (exists(need)) found.add(need);
      else visit(need);
    }
  };
  visit(environment);
  return Object.keys(policy.environments).filter((e) => found.has(e));
}
