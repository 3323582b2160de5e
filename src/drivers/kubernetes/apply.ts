import { refusedIn } from "../../cluster/allowed.ts";
import { applyObject } from "../../cluster/apply.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { ClusterError, isClusterError } from "../../cluster/errors.ts";
import { awaitHealthy } from "../../cluster/health/await.ts";
import { each, keyOf, type KubeObject } from "../../cluster/objects.ts";
import { ownerLabels } from "../../cluster/owners.ts";
import { wait } from "../../host/wait.ts";
import type { ApplyInput, ApplyResult, AttemptContext } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";
import { againFor, againText, removeJob } from "./jobs.ts";
import { BY, FIELD_MANAGER, withAnnotations } from "./labels.ts";
import { manifestOf } from "./manifest.ts";
import { makeNamespaces, namespacesOf } from "./namespaces.ts";
import { clusterOf } from "./place.ts";
import { isJob, preflight, problemOf } from "./preflight.ts";
import { prune } from "./prune.ts";
import { beginning, type Found, readRecord, type TargetRecord, writeRecord } from "./record.ts";

const AT_ONCE = 8;
/** Before the attempt's time is over: for the last look, which says why. */
const LAST_LOOK_MS = 5_000;
/** How long a kind that a definition has just brought may be unknown. */
const DISCOVERY_MS = 15_000;

/** One act on one target: what every step of it needs. */
type Act = {
  readonly input: ApplyInput;
  readonly context: AttemptContext;
  readonly cluster: Cluster;
  readonly objects: readonly KubeObject[];
  /** By `performance.now`. */
  readonly until: number;
};

/** Brings the objects of a release into the cluster, waits until they serve, and removes those that an earlier release brought and this one lacks. See the README for what is left behind when it fails. */
export async function apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult> {
  const until = performance.now() + input.definition.timeoutMs;
  const begun = await beforeAnything(() => begin(input, context, until));
  if ("message" in begun) return { ok: false, changed: false, message: begun.message };
  try {
    return await bring(begun);
  } catch (error) {
    if (!isClusterError(error)) throw error;
    throw new Error(`${error.message} (${error.hint})`, { cause: error });
  }
}

async function bring({ act, written, found, replaced, live }: Begun): Promise<ApplyResult> {
  const applied = await applyAll(act, live, replaced, found?.record ?? null);
  if ("objects" in applied) return await settle(act, withUids(written, applied.objects, act.cluster.namespace));
  await lastRecord(act, { ...written.record, phase: "failed", message: applied.problem.slice(0, 2000) }, written);
  return { ok: false, changed: true, message: applied.problem };
}

type Begun = {
  readonly act: Act;
  /** The target's record before, and as it is now. */
  readonly found: Found | null;
  readonly written: Found;
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly replaced: ReadonlySet<string>;
};

/** Whatever goes wrong here has changed nothing: it is a no, and not something that nobody can tell. */
async function beforeAnything<T extends object>(act: () => Promise<T>): Promise<T | { readonly message: string }> {
  try {
    return await act();
  } catch (error) {
    if (isClusterError(error)) return { message: `${error.message}\n  ${error.hint}` };
    throw error;
  }
}

/** To the record that says that this attempt is at it: the first thing that is written. */
async function begin(input: ApplyInput, context: AttemptContext, until: number): Promise<Begun | { readonly message: string }> {
  const { definition } = input;
  const settings = settingsOf(definition, input.digest);
  if (input.digest === null && settings.images.length > 0)
    return { message: `${definition.service} pins images (\`images\`) and has no artifact: name one, or take \`images\` out` };
  const { objects: manifests, from } = await manifestOf(input, context);
  const warn = (text: string) => context.log(`the API server warns: ${text}`);
  const cluster = await clusterOf(definition, { signal: context.signal, home: context.home, warn });
  const annotations = { [BY[0]]: input.commit, [BY[1]]: input.attempt, [BY[2]]: input.run };
  const objects = manifests.map((object) => withAnnotations(object, annotations));
  context.log(
    `${objects.length} objects for the namespace ${cluster.namespace} of the context ${cluster.context}, ${from === "kept" ? "as they were decided on" : "rendered now"}`,
  );
  // what was kept was decided on under the policy of then, and what kind is in no namespace only the cluster knows
  const refused = await refusedIn(cluster, objects, definition);
  if (refused.length > 0) return { message: `nothing was changed:\n${refused.join("\n")}` };
  const namespaces = namespacesOf(objects, settings.createNamespace ? cluster.namespace : null);
  const owner = ownerLabels(input);
  const found = await readRecord(cluster, input);
  const checked = await preflight(cluster, objects, {
    conflicts: settings.forceConflicts ? "take" : input.takeBack ? "tell" : "refuse",
    owner,
    known: found?.record.objects ?? [],
    newNamespaces: new Set(namespaces),
  });
  if (checked.problems.length > 0) return { message: `nothing was changed:\n${checked.problems.join("\n")}` };
  for (const text of checked.takenBack) context.log(`takes back ${text}`);
  for (const text of checked.adopted) context.log(`${text} becomes part of this target`);
  await makeNamespaces(cluster, objects, settings.createNamespace, context.log);
  const written = await firstRecord(
    cluster,
    input,
    beginning(input, objects, found, { live: checked.live, namespace: cluster.namespace }),
    found,
  );
  return { act: { input, context, cluster, objects, until }, found, written, live: checked.live, replaced: checked.replaced };
}

/** Refused, it is a no; without an answer nobody knows whether it is there. */
async function firstRecord(cluster: Cluster, input: ApplyInput, record: TargetRecord, found: Found | null): Promise<Found> {
  try {
    return await writeRecord(cluster, input, record, found);
  } catch (error) {
    if (isClusterError(error, "unreachable", "unavailable")) throw new Error(error.message, { cause: error });
    throw error;
  }
}

/** Rejects where it is not known whether this attempt's word is the last. */
async function lastRecord({ cluster, input }: Act, record: TargetRecord, found: Found): Promise<void> {
  try {
    await writeRecord(cluster, input, record, found);
  } catch (error) {
    if (!isClusterError(error, "conflict", "not-found")) throw error;
    throw new Error(`somebody else has written the record of ${input.target} since this attempt began: another attempt is or was at it`, {
      cause: error,
    });
  }
}

type Applied = { readonly objects: readonly KubeObject[] } | { readonly problem: string };

/** Definitions first, until their kinds are there; then kind by kind in the order in which they need each other. */
async function applyAll(act: Act, live: Begun["live"], replaced: Begun["replaced"], known: TargetRecord | null): Promise<Applied> {
  const { cluster, objects, context } = act;
  const problems: string[] = [];
  const applied: KubeObject[] = [];
  for (const [kind, same] of Map.groupBy(objects, (object) => object.kind)) {
    const results = await each(same, AT_ONCE, async (object) => {
      const there = live.get(keyOf(object, cluster.namespace));
      const again =
        there && isJob(object)
          ? replaced.has(keyOf(object, cluster.namespace))
            ? "cannot be changed"
            : againFor(there, act.input, known)
          : null;
      return await applyOne(act, object, again === null || !there ? null : { there, again });
    });
    for (const result of results)
      if (typeof result === "string") problems.push(result);
      else applied.push(result);
    if (problems.length > 0) return { problem: `not all of it could be applied:\n${problems.join("\n")}` };
    if (kind === "CustomResourceDefinition") {
      const established = await awaitHealthy(cluster, same, { signal: context.signal, log: context.log, timeoutMs: timeLeft(act) });
      if (established.health !== "healthy") return { problem: established.problems.join("\n") };
    }
  }
  return { objects: applied };
}

/** The object as it is then, or what the API server has against it. Rejects where it has not said. */
async function applyOne(
  { cluster, input, context }: Act,
  object: KubeObject,
  remove: { readonly there: KubeObject; readonly again: string } | null,
): Promise<KubeObject | string> {
  const { forceConflicts } = settingsOf(input.definition, input.digest);
  const until = performance.now() + DISCOVERY_MS;
  if (remove) {
    context.log(againText(remove.there, remove.again));
    await removeJob(cluster, remove.there);
  }
  for (;;)
    try {
      return await applyObject(cluster, object, { fieldManager: FIELD_MANAGER, force: forceConflicts || input.takeBack });
    } catch (error) {
      if (!(error instanceof ClusterError) || isClusterError(error, "unreachable", "unavailable", "unauthorized")) throw error;
      if (!isClusterError(error, "unknown-kind", "not-found") || performance.now() > until) return problemOf(object, error);
      await wait(200, context.signal);
    }
}

/** What is applied has to serve; only then goes what it takes the place of. */
async function settle(act: Act, found: Found): Promise<ApplyResult> {
  const { cluster, context, input, objects } = act;
  const { prune: removes } = settingsOf(input.definition, input.digest);
  const end = await awaitHealthy(cluster, objects, { signal: context.signal, log: context.log, timeoutMs: timeLeft(act) });
  // the record goes on saying that it is under way: whoever asks next sees how it stands
  if (end.health === "unknown") throw new Error(`whether ${input.target} serves cannot be told: ${end.summary}`);
  const [stale, own] = [found.record.objects.filter((entry) => entry.stale), found.record.objects.filter((entry) => !entry.stale)];
  const healthy = end.health === "healthy";
  const left = healthy && removes ? await prune(cluster, stale, ownerLabels(input), context.log) : stale;
  await lastRecord(act, { ...found.record, phase: "applied", before: null, objects: [...own, ...left] }, found);
  if (healthy) {
    context.log(`${end.summary}: ${input.target} runs commit ${input.commit}`);
    return { ok: true, url: null };
  }
  const after = end.certain ? "" : ` within the time of the attempt (\`services.${input.definition.service}.deploy.timeout\` raises it)`;
  return { ok: false, changed: true, message: `${input.target} did not become healthy${after}:\n${end.problems.join("\n")}` };
}

/** The attempt's own clock ends it without a word; this one is before that. */
function timeLeft({ input, until }: Act): number {
  return Math.max(1000, until - performance.now() - Math.min(LAST_LOOK_MS, input.definition.timeoutMs / 10));
}

function withUids(found: Found, applied: readonly KubeObject[], namespace: string): Found {
  const uids = new Map(applied.map((object) => [keyOf(object, namespace), object.metadata.uid]));
  const objects = found.record.objects.map((entry) => {
    const uid = entry.stale ? entry.uid : uids.get(keyOf(entry, namespace));
    return uid === undefined ? entry : { ...entry, uid };
  });
  return { ...found, record: { ...found.record, objects } };
}
