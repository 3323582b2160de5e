import { changeOf } from "../../cluster/compare.ts";
import { builtInScope } from "../../cluster/kinds.ts";
import { keyOf, type KubeObject } from "../../cluster/objects.ts";
import type { ObjectChange } from "../../engine/ports/driver.ts";

const EVENTS = "helm.sh/hook";

/** When Helm runs it, such as `pre-upgrade`; null: it is no hook. */
export const eventsOf = ({ metadata }: KubeObject): string | null => metadata.annotations?.[EVENTS] ?? null;

/**
 * Hooks against those of the revision that is live, as Helm keeps them: in the cluster they are there for moments only, and so they are no drift either. Whoever approves sees a
 * migration that has changed as one that has.
 */
export function compareHooks(
  before: readonly KubeObject[],
  after: readonly KubeObject[],
  namespace: string,
  options: Parameters<typeof changeOf>[2],
): readonly ObjectChange[] {
  const key = (object: KubeObject) => `${keyOf(object, namespace)} ${eventsOf(object)}`;
  const [was, becomes] = [before, after].map((objects) => new Map(objects.map((object) => [key(object), object])));
  const all = new Map([...(becomes ?? []), ...(was ?? [])]);
  return [...all].map(([name, object]) => {
    const change = changeOf(was?.get(name) ?? null, becomes?.get(name) ?? null, options);
    const space = builtInScope(object) === "cluster" ? null : (change.namespace ?? namespace);
    return { ...change, name: `${change.name} (${eventsOf(object) ?? ""} hook)`, namespace: space, passing: true };
  });
}
