import type { EnvironmentId, Policy, TargetId } from "../core/config/config.ts";
import { resolvePrincipals } from "../core/config/principals.ts";
import { environmentsOf } from "../core/plan/needs.ts";
import type { Answer } from "../core/run/events.ts";
import type { Configs } from "./configs.ts";
import { type Actor, type Control, RequestError } from "./control.ts";
import type { Loop } from "./loop.ts";
import type { Source } from "./ports/source.ts";

type Parts = { readonly loop: Loop; readonly configs: Configs; readonly source: Source; readonly policyRef: string | null };
/** What persons put in the way of targets and environments, and take away. */
type Stops = Pick<Control, "hold" | "unhold" | "lock" | "unlock" | "pin" | "unpin" | "settle">;

export const isTarget = (text: string): text is TargetId => /^[^@]+@[^@]+$/.test(text);

/** Each rejects with `RequestError` where there is no such target or environment, and where the actor has nothing to say there. */
export function stopsOf(parts: Parts): Stops {
  const { loop } = parts;
  return {
    async hold(environment, reason, { name: by }) {
      await mayStop(parts, environment, by);
      return await loop.command({ type: "environment.held", environment, by, reason });
    },
    async unhold(environment, { name: by }) {
      await mayStop(parts, environment, by);
      return await loop.command({ type: "environment.unheld", environment, by });
    },
    async lock(on, { reason, until }, actor): Promise<Answer> {
      const by = actor.name;
      if (isTarget(on)) return await loop.command({ type: "target.locked", target: await known(parts, on, actor), by, reason, until });
      await mayStop(parts, on, by);
      return await loop.command({ type: "environment.locked", environment: on, by, reason, until });
    },
    async unlock(on, actor): Promise<Answer> {
      const by = actor.name;
      if (isTarget(on)) return await loop.command({ type: "target.unlocked", target: await known(parts, on, actor), by });
      await mayStop(parts, on, by);
      return await loop.command({ type: "environment.unlocked", environment: on, by });
    },
    async pin(target, { commit: ref, reason }, actor) {
      const pinned = await known(parts, target, actor);
      const commit = await parts.source.resolve(ref);
      await parts.source.keep(commit);
      return await loop.command({ type: "target.pinned", target: pinned, commit, by: actor.name, reason });
    },
    async unpin(target, actor) {
      return await loop.command({ type: "target.unpinned", target: await known(parts, target, actor), by: actor.name });
    },
    async settle(target, { applied, reason }, actor) {
      return await loop.command({ type: "target.settled", target: await known(parts, target, actor), by: actor.name, applied, reason });
    },
  };
}

/** A target that the policy ref's file names, or that the ledger knows, in an environment where the actor has something to say. */
async function known({ loop, configs, policyRef }: Parts, target: string, actor: Actor): Promise<TargetId> {
  const { policy, commit } = await configs.policy(policyRef);
  const [service, environment] = target.split("@");
  if (!isTarget(target) || service === undefined || environment === undefined)
    throw new RequestError("invalid", `${target} is no target`, "write it as service@environment, such as api@mainnet");
  // what was deployed where policy has no environment any more is nobody's in particular
  if (policy.environments[environment] || !loop.state.targets.has(target)) mustHaveSay(policy, environment, actor.name);
  if (loop.state.targets.has(target)) return target;
  const release = await configs.at(commit);
  if (!release.services[service])
    throw new RequestError("not-found", `no service ${service}`, `known: ${Object.keys(release.services).join(", ")}`);
  const environments = environmentsOf(release.services[service], policy);
  if (!environments.includes(environment))
    throw new RequestError(
      "not-found",
      `${service} is not deployed in ${environment}`,
      `where it is: ${environments.join(", ") || "nowhere"}`,
    );
  return target;
}

async function mayStop({ configs, policyRef }: Parts, environment: EnvironmentId, person: string): Promise<void> {
  mustHaveSay((await configs.policy(policyRef)).policy, environment, person);
}

/** Who may deploy there, approve, or pass the gate in an emergency; anyone where nobody is named as deployer. Throws `RequestError`. */
export function mustHaveSay(policy: Policy, id: EnvironmentId, person: string): void {
  const environment = policy.environments[id];
  if (!environment) throw new RequestError("not-found", `no environment ${id}`, `known: ${Object.keys(policy.environments).join(", ")}`);
  const named = [...environment.deployers, ...(environment.approval?.approvers ?? []), ...environment.emergency];
  const persons = resolvePrincipals(named, policy.teams);
  if (environment.deployers.length > 0 && !persons.includes(person))
    throw new RequestError("not-allowed", `${person} has no say in ${id}`, `who has: ${persons.join(", ")}`);
}
