import type { EnvironmentId, TargetId } from "../../core/config/config.ts";
import type { Store } from "../../engine/ports/store.ts";

const MOST_TARGETS = 10_000;

/** What a person or policy has stopped there, in words: a workflow run would not see it. null: nothing. */
export async function stopOf(
  store: Pick<Store, "targets" | "environments">,
  environment: EnvironmentId,
  targets: readonly TargetId[],
): Promise<string | null> {
  const there = (await store.environments()).find(({ id }) => id === environment);
  if (there?.hold) return `${environment} is held by ${there.hold.by}: ${there.hold.reason}`;
  if (there?.rollback) return `${environment} is being rolled back`;
  if (there?.freeze) return `${environment} is frozen until ${new Date(there.freeze.until).toISOString()}`;
  if (there?.lock) return `${environment} is locked by ${there.lock.by}: ${there.lock.reason}`;
  const { items } = await store.targets({ environment }, { limit: MOST_TARGETS, cursor: null });
  const stopped = items.find(({ id, lock, pin }) => targets.includes(id) && (lock !== null || pin !== null));
  if (!stopped) return null;
  const { id, lock, pin } = stopped;
  return lock === null ? `${id} is pinned by ${pin?.by}: ${pin?.reason}` : `${id} is locked by ${lock.by}: ${lock.reason}`;
}
