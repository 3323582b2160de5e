import type { CommitId, Config, EnvironmentId, TargetId } from "../core/config/config.ts";
import { policyEdits } from "../core/config/release.ts";
import { configChanges, type Forecast, type Outlook } from "../core/plan/forecast.ts";
import type { Member, Plan } from "../core/plan/plan.ts";
import type { RelationRow, TargetRow } from "../core/run/rows.ts";
import { targetsOf } from "./changed.ts";
import type { Configs } from "./configs.ts";
import { RequestError } from "./control.ts";
import { mustFit, planOrRefusal } from "./deploys.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";
import { relationOf } from "./relations.ts";

type Parts = { readonly source: Source; readonly store: Store; readonly configs: Configs; readonly policyRef: string | null };
type Asked = {
  readonly commit: CommitId;
  /** The branch's commit now; null: it has none. */
  readonly base: CommitId | null;
  /** Whether the branch is one of those that an environment takes commits from. */
  readonly takes: (from: readonly string[]) => boolean;
};

/**
 * What a deploy of everything would do, were a commit on a branch. The file is read and parsed, histories and trees are compared, and nothing else: no driver, builder or command sees the commit.
 * Rejects with a `RequestError` where the commit's own file is what is wrong, and a `SourceError`.
 */
export async function forecast(parts: Parts, { commit, base, takes }: Asked): Promise<Forecast> {
  const { configs } = parts;
  const read = await configs.policy(parts.policyRef);
  const { policy } = read;
  const release = await configs.at(commit);
  mustFit(release, read, commit, configs.file);
  const plan = planOrRefusal({ release, policy, commit, services: null, environments: null, promotion: null });
  const before = base === null ? null : await orNull(configs.at(base));
  return {
    plan,
    policy: { ref: read.ref, commit: read.commit },
    outlooks: await outlooks(parts, plan),
    refused: Object.keys(plan.environments).filter((id) => !takes(policy.environments[id]?.from ?? [])),
    stops: await stops(parts.store, plan),
    edits: policyEdits(release.policy, policy),
    changes: before === null ? [] : configChanges(before, release),
  };
}

async function orNull(asked: Promise<Config>): Promise<Config | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RequestError) return null;
    throw error;
  }
}

async function outlooks(parts: Parts, plan: Plan): Promise<Forecast["outlooks"]> {
  const rows = await targetsOf(parts.store, new Set(Object.keys(plan.environments)));
  const relations = new Map<CommitId, RelationRow>();
  const found: Record<TargetId, Outlook> = {};
  for (const member of Object.values(plan.members)) {
    const live = rows.get(member.target)?.live?.commit ?? null;
    if (live !== null && !relations.has(live)) relations.set(live, await relationOf(parts, member.commit, live));
    found[member.target] = outlook(member, rows.get(member.target), live === null ? null : (relations.get(live) ?? null));
  }
  return found;
}

function outlook({ service }: Member, row: TargetRow | undefined, relation: RelationRow | null): Outlook {
  const stop = row?.pin ? "pinned" : row?.lock ? "locked" : null;
  if (relation === null) return { live: null, change: "new", diverged: false, stop };
  const change = relation.unmet === null ? "unknown" : relation.unmet.includes(service) ? "changed" : "same";
  return { live: relation.live, change, diverged: relation.order === "diverged" || relation.order === "unknown", stop };
}

/** What stops deploys in the plan's environments now, in words. */
async function stops(store: Store, { environments }: Plan): Promise<Readonly<Record<EnvironmentId, readonly string[]>>> {
  const rows = await store.environments();
  return Object.fromEntries(
    rows
      .filter(({ id }) => environments[id])
      .map(({ id, hold, lock, freeze }) => [
        id,
        [
          ...(hold ? [`held by ${hold.by}: ${hold.reason}`] : []),
          ...(lock ? [`locked by ${lock.by}: ${lock.reason}`] : []),
          ...(freeze ? [`frozen until ${new Date(freeze.until).toISOString()}${freeze.reason === null ? "" : `: ${freeze.reason}`}`] : []),
        ],
      ]),
  );
}
