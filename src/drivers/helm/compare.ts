import { changeOf, compareObjects } from "../../cluster/compare.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { keyOf, type KubeObject } from "../../cluster/objects.ts";
import { maskOf } from "../../cluster/print.ts";
import type { LookContext, ObjectChange, RenderInput } from "../../engine/ports/driver.ts";
import { madeBy } from "./guard.ts";
import { compareHooks, eventsOf } from "./hooks.ts";
import { currentHistory, lookAt } from "./look.ts";
import { objectsOf } from "./objects.ts";
import { template } from "./render.ts";

/** What Helm writes into every object that it applies. */
const IGNORED = ["meta.helm.sh/", "app.kubernetes.io/managed-by"];

/** The rendering against what is live, and what the live revision has and this one has not; hooks against that revision's. */
export async function compare(input: RenderInput, context: LookContext): Promise<readonly ObjectChange[]> {
  const [{ objects }, look] = await Promise.all([template(input, context), lookAt(input.definition, context)]);
  const { cluster } = look;
  const key = (object: KubeObject) => keyOf(object, cluster.namespace);
  const wanted = objects.filter((object) => eventsOf(object) === null);
  const hooks = objects.filter((object) => eventsOf(object) !== null);
  const options = { fieldManager: "helm", mask: maskOf(context.home), ignore: IGNORED };
  const changes = await compareObjects(cluster, wanted, options);
  const kept = new Set(wanted.map(key));
  const deployed = (await currentHistory(look)).findLast(({ status }) => status === "deployed");
  const leaving = (deployed ? objectsOf(deployed) : []).filter((object) => !kept.has(key(object)) && !stays(object));
  const live = await readLive(cluster, leaving);
  const removed = leaving.flatMap((object) => live.get(key(object)) ?? []).map((object) => changeOf(object, null, options));
  const before = deployed ? madeBy(deployed, look.settings.hooks).hooks : [];
  return [...changes, ...removed, ...compareHooks(before, hooks, cluster.namespace, { mask: options.mask, fieldManager: "helm" })];
}

/** What Helm leaves though it is in the chart no more. */
const stays = ({ metadata }: KubeObject): boolean => metadata.annotations?.["helm.sh/resource-policy"] === "keep";
