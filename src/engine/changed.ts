import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../core/config/config.ts";
import type { DeployPlanInput } from "../core/plan/deploy.ts";
import { environmentsOf } from "../core/plan/needs.ts";
import type { RelationRow, TargetRow } from "../core/run/rows.ts";
import type { Configs } from "./configs.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

export type ChangedParts = { readonly store: Store; readonly source: Source; readonly configs: Configs };

/** What a deploy is asked to bring where: services by name, each with its environments in the scope. */
export type Asked = ReadonlyMap<ServiceId, readonly EnvironmentId[]>;

export function askedOf({ release, policy, services, environments }: DeployPlanInput): Asked {
  const all = Object.entries(release.services).filter(([id, service]) => services?.includes(id) ?? !service.manual);
  return new Map(all.map(([id, service]) => [id, environmentsOf(service, policy).filter((e) => environments?.includes(e) ?? true)]));
}

/**
 * The services at whose paths nothing has changed: what is live serves and contains what the release has there, in every environment of the scope.
 * What is not known to be unchanged counts as changed.
 */
export async function unchangedServices(parts: ChangedParts, asked: Asked, commit: CommitId): Promise<readonly ServiceId[]> {
  const targets = await targetsOf(parts.store, new Set([...asked.values()].flat()));
  const relations = new Map<CommitId, RelationRow>();
  const changed = new Set<ServiceId>();
  for (const [service, environments] of asked)
    for (const environment of environments) {
      if (changed.has(service)) break;
      const row = targets.get(`${service}@${environment}`);
      if (!row?.live || !row.serving) changed.add(service);
      else {
        const relation = relations.get(row.live.commit) ?? (await relationOf(parts, commit, row.live.commit));
        relations.set(row.live.commit, relation);
        if (relation.unmet === null || relation.unmet.includes(service)) changed.add(service);
      }
    }
  return [...asked].flatMap(([service, environments]) => (environments.length > 0 && !changed.has(service) ? [service] : []));
}

async function relationOf({ store, source, configs }: ChangedParts, release: CommitId, live: CommitId): Promise<RelationRow> {
  return (await store.relation(release, live)) ?? (await source.relate(release, live, await configs.paths(release)));
}

export async function targetsOf(store: Store, environments: ReadonlySet<EnvironmentId>): Promise<ReadonlyMap<TargetId, TargetRow>> {
  const found = new Map<TargetId, TargetRow>();
  for (const environment of environments)
    for (let cursor: string | null = null; ;) {
      const page = await store.targets({ environment }, { limit: 500, cursor });
      for (const row of page.items) found.set(row.id, row);
      cursor = page.next;
      if (cursor === null) break;
    }
  return found;
}
