import { isClusterError } from "../../cluster/errors.ts";
import { assess, readLive } from "../../cluster/health/assess.ts";
import { parseManifests } from "../../cluster/manifests.ts";
import { each, keyOf, type KubeObject } from "../../cluster/objects.ts";
import { unchangedMark } from "./marks.ts";
import { objectsOf } from "./objects.ts";
import { type Hook, label, type Stored, titleOf } from "./releases.ts";
import type { Session } from "./session.ts";
import { explain } from "./words.ts";

/** What a revision that has failed has done, and why, in words. That nothing of it came to the cluster is noted on it: then what was live still is. */
export async function judge(
  session: Session,
  before: readonly Stored[],
  failed: Stored,
  { said, cut }: { readonly said: string; readonly cut: boolean },
): Promise<{ readonly changed: boolean; readonly message: string }> {
  const broken = failed.hooks.filter(({ phase }) => phase === "Failed" || (phase === "Running" && !cut));
  const changed = !isBefore(broken, said) && (await hasChanged(session, before, failed));
  if (!changed) await label(session.cluster, session.settings.place, failed.revision, unchangedMark);
  return { changed, message: [explain(said), ...(cut ? [] : await explainHooks(session, broken))].join("\n") };
}

/** Whether it has ended at a hook that comes before anything is applied. Of a rollback Helm does not write down that the hook has failed. */
function isBefore(broken: readonly Hook[], error: string): boolean {
  if (/\bpost-(install|upgrade|rollback)\b/.test(error)) return false;
  return (
    broken.some(({ events }) => events.some((event) => /^pre-(install|upgrade|rollback)$/.test(event))) ||
    /^the hook [^\n]*\(pre-/.test(error)
  );
}

/** What hooks that have failed leave to see: their pods' last lines. */
async function explainHooks({ cluster }: Session, hooks: readonly Hook[]): Promise<readonly string[]> {
  try {
    const found = await each(hooks, 1, async (hook) => {
      const { problems } = await assess(cluster, parseManifests(hook.manifest, titleOf(hook)));
      return problems.length === 0 ? [`${titleOf(hook)} has failed`] : [`${titleOf(hook)}:`, ...problems];
    });
    return found.flat();
  } catch (problem) {
    if (isClusterError(problem)) return []; // what Helm says is enough to know that it has failed
    throw problem;
  }
}

/** Whether anything of a failed revision has come to the cluster. Where that cannot be told: yes. */
async function hasChanged({ cluster }: Session, before: readonly Stored[], failed: Stored): Promise<boolean> {
  const deployed = before.findLast(({ status }) => status === "deployed");
  const key = (object: KubeObject) => keyOf(object, cluster.namespace);
  try {
    const wanted = objectsOf(failed);
    const kept = new Set(wanted.map(key));
    const leaving = (deployed ? objectsOf(deployed) : []).filter((object) => !kept.has(key(object)));
    const live = await readLive(cluster, [...wanted, ...leaving]);
    return leaving.some((object) => !live.has(key(object))) || [...live.values()].some((object) => isAppliedSince(object, failed.made));
  } catch (problem) {
    if (isClusterError(problem)) return true;
    throw problem;
  }
}

type Managed = { readonly manager?: string; readonly time?: string };

/** An apply that changes nothing leaves the time as it was. */
function isAppliedSince({ metadata }: KubeObject, since: number): boolean {
  const managed = (metadata["managedFields"] ?? []) as readonly Managed[];
  return managed.some(({ manager, time }) => manager?.startsWith("helm") && Date.parse(time ?? "") >= since);
}
