import type { Cluster } from "../../cluster/cluster.ts";
import { connect } from "../../cluster/connect.ts";
import type { ApplyInput, AttemptContext } from "../../engine/ports/driver.ts";
import { type Settings, settingsOf } from "./config.ts";
import { type Helm, helmEnvironment, placeArguments, type Version, versionOf } from "./helm.ts";

/** Kept back of an attempt's time, so that it is this attempt that says what has become of it, in ms. */
const RESERVE_MS = 5_000;

/** What all acts of one attempt on one release share. */
export type Session = {
  readonly input: ApplyInput;
  readonly context: AttemptContext;
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly version: Version;
  /** Arguments of Helm that say where. */
  readonly place: readonly string[];
  /** How messages name the release. */
  readonly title: string;
  /** What is left of the attempt's time, in whole ms; at least 1. */
  readonly left: () => number;
};

/** Rejects where there is no Helm that can be used, or no cluster (`ClusterError`). */
export async function openSession(input: ApplyInput, context: AttemptContext): Promise<Session> {
  const { definition, digest } = input;
  const asked = settingsOf(definition, digest);
  const settings: Settings = { ...asked, forceConflicts: asked.forceConflicts || input.takeBack };
  const { signal, home, log } = context;
  const begun = performance.now();
  const helm: Helm = { env: helmEnvironment(context.env, home), home, signal };
  const warn = (text: string) => log(`the API server warns: ${text}`);
  const [cluster, version] = await Promise.all([
    connect(settings.place, context.env, { signal, home, cluster: definition.cluster, warn }),
    versionOf(helm),
  ]);
  return {
    input,
    context,
    settings,
    cluster,
    helm,
    version,
    place: placeArguments(settings.place, contextOf(cluster, settings.place.context), context.env["HOME"]),
    title: `the release ${settings.place.release} in ${settings.place.namespace}`,
    left: () => Math.max(1, Math.floor(definition.timeoutMs - RESERVE_MS - (performance.now() - begun))),
  };
}

/** The context that was found, so that Helm takes no other meanwhile; null in a pod, which has none. */
function contextOf({ context }: Cluster, said: string | undefined): string | null {
  return said ?? (context === "in-cluster" ? null : context);
}
