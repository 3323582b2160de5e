import { deleteObject } from "../apply.ts";
import type { Cluster } from "../cluster.ts";
import { isClusterError } from "../errors.ts";
import { keyOf, type KubeObject, type Ref } from "../objects.ts";
import { hiding } from "../print.ts";
import { wait } from "../../host/wait.ts";
import { assessLive, verdictOf } from "./assess.ts";
import { isWaitedFor } from "./status.ts";
import type { Assessment } from "./types.ts";

type Options = {
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
  readonly timeoutMs: number;
};

/** A rollout that goes well is mostly over by then; only what takes longer is explained, first after so many ms and then at longer distances. */
const EXPLAIN_MS = { first: 700, most: 5000 };

/**
 * Waits by watches until all of these are ready, until it is certain that they will not be, or for `timeoutMs`; logs what changes meanwhile. Resolves to the last look: healthy, or why not.
 * Where the objects are manifests, the values of their Secrets are hidden in what pods have logged.
 * An API server that goes away is waited for like anything else. Rejects with `ClusterError` where it may not look.
 */
export async function awaitHealthy(cluster: Cluster, objects: readonly Ref[], { signal, log, timeoutMs }: Options): Promise<Assessment> {
  const waited = objects.filter(isWaitedFor);
  if (waited.length === 0) return await assessLive(cluster, []);
  const hide = hiding(objects);
  const stop = new AbortController();
  const watching = new Watching(cluster, waited, AbortSignal.any([signal, stop.signal]));
  try {
    const end = await untilDecided(cluster, watching, { signal, log: (text) => log(hide(text)), timeoutMs });
    return { ...end, summary: hide(end.summary), problems: end.problems.map(hide) };
  } finally {
    stop.abort();
    await watching.ended();
  }
}

async function untilDecided(cluster: Cluster, watching: Watching, { signal, log, timeoutMs }: Options): Promise<Assessment> {
  const begun = performance.now();
  const passed = () => performance.now() - begun;
  let explainAt = EXPLAIN_MS.first;
  let between = EXPLAIN_MS.first;
  let said: string | null = null;
  const known = new Set<string>();
  for (;;) {
    const seen = watching.seen();
    if (seen?.every((one) => verdictOf(one).state === "ready")) return await assessLive(cluster, seen);
    const late = passed() >= timeoutMs;
    const failed = seen?.some((one) => verdictOf(one).state === "failed") ?? false;
    if (seen !== null && (late || failed || passed() >= explainAt)) {
      const asked = passed();
      const look = await explained(cluster, seen, late);
      const took = passed() - asked;
      if (look === null) log("the API server does not answer: waiting for it");
      else {
        const text = shortened(look.problems);
        const freed = late ? false : await free(cluster, look.stuck ?? [], known, log);
        if (!freed && (look.certain || late || look.health === "healthy")) return look;
        if (text !== said) log(text);
        said = text;
      }
      // a look at hundreds of pods is paid for by the very API server that is to bring them up
      between = Math.max(Math.min(between * 1.5, EXPLAIN_MS.most), look === null ? 0 : Math.min(took * 10, 3 * EXPLAIN_MS.most));
      explainAt = passed() + between;
    } else if (late) return unreached(timeoutMs);
    await watching.change(Math.max(1, Math.min(explainAt, timeoutMs) - passed()), signal);
  }
}

/**
 * Deletes pods that are not ready and hold up the version that replaces them, as Kubernetes' own documentation says to: else no fix and no rollback of a StatefulSet would ever come through.
 * Each once; false where none was deleted. @param known those that were tried
 */
async function free(cluster: Cluster, stuck: readonly KubeObject[], known: Set<string>, log: (text: string) => void): Promise<boolean> {
  let freed = false;
  for (const pod of stuck) {
    if (known.has(pod.metadata.uid ?? "")) continue;
    known.add(pod.metadata.uid ?? "");
    try {
      await deleteObject(cluster, { ...pod, apiVersion: "v1", kind: "Pod" }, "Background");
      log(`deleted the pod ${pod.metadata.name}: it is of the version before, does not get ready, and would not be replaced else`);
      freed = true;
    } catch (error) {
      if (!isClusterError(error, "forbidden", "not-found", "conflict")) throw error;
      log(`the pod ${pod.metadata.name} has to be deleted, and could not be: ${error.message} (${error.hint})`);
    }
  }
  return freed;
}

/** Lines of one look that are logged while it goes on; how it ends is told whole. */
const SHOWN = 12;
const shortened = (lines: readonly string[]): string =>
  lines.length > SHOWN ? [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} lines more`].join("\n") : lines.join("\n");

/** null where the API server cannot be asked now; at the end, that is the answer. */
async function explained(cluster: Cluster, seen: ReturnType<Watching["all"]>, late: boolean): Promise<Assessment | null> {
  try {
    return await assessLive(cluster, seen);
  } catch (error) {
    if (!isClusterError(error, "unreachable", "unavailable")) throw error;
    return late ? { health: "unknown", certain: false, summary: error.message, problems: [error.message] } : null;
  }
}

function unreached(timeoutMs: number): Assessment {
  const text = `the API server has not answered for ${Math.round(timeoutMs / 1000)} s`;
  return { health: "unknown", certain: false, summary: text, problems: [text] };
}

/** The objects as they are now, kept up to date by one watch for each folder that they are in. */
class Watching {
  readonly #refs: readonly Ref[];
  readonly #namespace: string;
  readonly #live = new Map<string, KubeObject>();
  readonly #listed = new Set<string>();
  #folders = -1;
  #failure: unknown = null;
  #changed = false;
  #wake: () => void = () => {};
  readonly #running: Promise<unknown>;

  constructor(cluster: Cluster, refs: readonly Ref[], signal: AbortSignal) {
    this.#refs = refs;
    this.#namespace = cluster.namespace;
    this.#running = this.#start(cluster, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#failure = error;
      this.#told();
    });
  }

  /** null until all have been listed. Throws what a watch has failed with. */
  seen(): ReturnType<Watching["all"]> | null {
    this.#changed = false;
    if (this.#failure !== null) throw this.#failure;
    return this.#listed.size === this.#folders ? this.all() : null;
  }

  all(): readonly (readonly [Ref, KubeObject | null])[] {
    return this.#refs.map((ref) => [ref, this.#live.get(keyOf(ref, this.#namespace)) ?? null] as const);
  }

  /** Resolves when something has changed since `seen`, at the latest after `ms`. */
  async change(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#changed) return signal.throwIfAborted();
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await wait(ms, AbortSignal.any([signal, woken.signal])).catch(() => signal.throwIfAborted());
  }

  async ended(): Promise<void> {
    await this.#running;
  }

  async #start(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const folders = new Map<string, Ref[]>();
    for (const ref of this.#refs) {
      const folder = await cluster.folderOf(ref.apiVersion, ref.kind, ref.metadata.namespace);
      folders.set(folder, [...(folders.get(folder) ?? []), ref]);
    }
    this.#folders = folders.size;
    await Promise.all([...folders].map(([folder, refs]) => this.#watch(cluster, folder, refs, signal)));
  }

  async #watch(cluster: Cluster, folder: string, refs: readonly Ref[], signal: AbortSignal): Promise<void> {
    const [first, ...others] = refs;
    if (first === undefined) return;
    const { apiVersion, kind } = first;
    const mine = new Set(refs.map((ref) => keyOf(ref, this.#namespace)));
    const put = (object: KubeObject) => {
      const key = keyOf({ ...object, apiVersion, kind }, this.#namespace);
      if (mine.has(key)) this.#live.set(key, { ...object, apiVersion, kind });
    };
    const query = others.length === 0 ? { fieldSelector: `metadata.name=${first.metadata.name}` } : {};
    for await (const event of cluster.watch(folder, query, signal)) {
      if (event.type === "listed") {
        for (const key of mine) this.#live.delete(key);
        for (const object of event.objects) put(object);
        this.#listed.add(folder);
      } else if (event.type === "changed") put(event.object);
      else this.#live.delete(keyOf({ ...event.object, apiVersion, kind }, this.#namespace));
      this.#told();
    }
  }

  #told(): void {
    this.#changed = true;
    this.#wake();
  }
}
