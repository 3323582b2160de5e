import type { CommitId, Config, EnvironmentId, Policy } from "../core/config/config.ts";
import { policyDifferences } from "../core/config/release.ts";
import { environmentsOf } from "../core/plan/needs.ts";
import type { Plan } from "../core/plan/plan.ts";
import { UNKNOWN_COMMIT } from "../core/plan/relations.ts";
import type { State } from "../core/run/state.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

/** Services that are named in one note. */
const NAMED = 8;

/** What is live in the plan's environments and the release no longer has there: no run touches it, and nobody would be told. */
export function leftRunning(state: State, plan: Plan, release: Config, policy: Policy): readonly string[] {
  return [...state.targets.values()].flatMap(({ id, service, environment, live }) => {
    if (!live || !plan.environments[environment]) return [];
    const known = release.services[service];
    if (known && environmentsOf(known, policy).includes(environment)) return [];
    const where = known ? `its service no longer has ${environment} in sluice.yaml` : "no longer in sluice.yaml";
    return [`${id} is live, and ${where}: it goes on running; stop it by hand where nobody needs it any more`];
  });
}

/** Members that are known to be blocked, since what is live there is no part of the release's history. Asks nobody but the store. */
export async function knownDiverged(store: Pick<Store, "relation">, state: State, plan: Plan): Promise<readonly string[]> {
  const { commit } = plan.release;
  const found = new Map<string, { readonly environment: EnvironmentId; readonly live: CommitId; readonly services: string[] }>();
  for (const { target, service, environment } of Object.values(plan.members)) {
    const live = state.targets.get(target)?.live?.commit;
    if (live === undefined || live === commit || plan.environments[environment]?.order === "any") continue;
    const group = found.get(`${environment} ${live}`) ?? { environment, live, services: [] };
    group.services.push(service);
    found.set(`${environment} ${live}`, group);
  }
  const orders = new Map<CommitId, string | null>();
  for (const { live } of found.values()) if (!orders.has(live)) orders.set(live, (await store.relation(commit, live))?.order ?? null);
  return [...found.values()].flatMap(({ environment, live, services }) => {
    const order = live === UNKNOWN_COMMIT ? "unknown" : orders.get(live);
    if (order !== "diverged" && order !== "unknown") return [];
    const more = services.length > NAMED ? ` and ${services.length - NAMED} more` : "";
    const on = `${services.slice(0, NAMED).join(", ")}${more}`;
    const what =
      live === UNKNOWN_COMMIT
        ? `what is live on ${on} was not deployed by Sluice`
        : `${live.slice(0, 12)} is live on ${on} and is no part of this commit's history`;
    return [`${environment}: ${what}: blocked there, unless --accept-diverged --reason "..." goes over it`];
  });
}

/** What a commit edits in its own policy, which changes nothing. Where the policy ref has the commit, it is policy that has moved on, and that is said once. */
export async function policyWarnings(
  source: Source,
  release: Config,
  commit: CommitId,
  { policy, ref, commit: policyCommit }: { readonly policy: Policy; readonly ref: string; readonly commit: CommitId },
): Promise<readonly string[]> {
  const differences = policyDifferences(release.policy, policy, ref);
  if (differences.length === 0) return differences;
  const { order } = await source.relate(commit, policyCommit, {});
  if (order !== "contains") return differences;
  return [`policy has moved on since this commit: that of ${ref} counts`];
}
