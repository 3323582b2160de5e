import type { Cluster } from "../../cluster/cluster.ts";
import { connect, variablesOf } from "../../cluster/connect.ts";
import type { Definition } from "../../core/plan/plan.ts";
import { settingsOf, type Settings } from "./config.ts";
import { helmEnvironment } from "./helm.ts";
import { readHistory, type Stored } from "./releases.ts";

export type LookAt = { readonly settings: Settings; readonly cluster: Cluster };

/** For a look from outside of an attempt. Rejects with `ClusterError`. */
export async function lookAt(
  definition: Definition,
  { signal, home }: { readonly signal: AbortSignal; readonly home: string },
): Promise<LookAt> {
  const settings = settingsOf(definition, null);
  const env = variablesOf(definition);
  helmEnvironment(env, home); // refuses another storage of releases
  return { settings, cluster: await connect(settings.place, env, { signal, home, cluster: definition.cluster }) };
}

/** Revisions that are more than history; all of them where none of these is the one that is live. */
export async function currentHistory({ cluster, settings }: LookAt): Promise<readonly Stored[]> {
  const current = await readHistory(cluster, settings.place, "current");
  const isPlain = current.length === 0 || current.some(({ status }) => status === "deployed" || status === "uninstalled");
  return isPlain ? current : await readHistory(cluster, settings.place, "all");
}
