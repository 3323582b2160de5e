import type { CommitId, ServiceId, TargetId } from "../core/config/config.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { RelationRow, TargetRow } from "../core/run/rows.ts";
import type { Configs } from "./configs.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

export type ChangedParts = { readonly store: Store; readonly source: Source; readonly configs: Configs };

/**
 * The plan's services at whose paths nothing has changed: what is live serves and contains what the release has there, in every environment of the plan.
 * What is not known to be unchanged counts as changed.
 */
export async function unchangedServices(parts: ChangedParts, plan: Plan): Promise<readonly ServiceId[]> {
  const targets = await targetsOf(parts.store, Object.keys(plan.environments));
  const relations = new Map<CommitId, RelationRow>();
  const changed = new Set<ServiceId>();
  for (const { target, service } of Object.values(plan.members)) {
    if (changed.has(service)) continue;
    const row = targets.get(target);
    if (!row?.live || !row.serving) changed.add(service);
    else {
      const relation = relations.get(row.live.commit) ?? (await relationOf(parts, plan.release.commit, row.live.commit));
      relations.set(row.live.commit, relation);
      if (relation.unmet === null || relation.unmet.includes(service)) changed.add(service);
    }
  }
  return [...new Set(Object.values(plan.members).map((m) => m.service))].filter((s) => !changed.has(s));
}

async function relationOf({ store, source, configs }: ChangedParts, release: CommitId, live: CommitId): Promise<RelationRow> {
  return (await store.relation(release, live)) ?? (await source.relate(release, live, await configs.paths(release)));
}

async function targetsOf(store: Store, environments: readonly string[]): Promise<ReadonlyMap<TargetId, TargetRow>> {
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
