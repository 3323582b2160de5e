import type { Cluster, Query } from "../cluster.ts";
import { isClusterError } from "../errors.ts";
import { groupOf, type KubeObject } from "../objects.ts";
import { creationTrouble, judge } from "./creation.ts";
import { troublesOf } from "./pods.ts";
import { conditionOf, type KubeEvent, type Pod, type Trouble } from "./types.ts";

/** Pods whose events are asked for, of one workload. */
const ASKED = 3;
const LOG_LINES = 8;
const LOG_BYTES = 4096;
/** What is told of a claim's trouble is not told as a warning. */
const OF_CLAIMS = "involvedObject.kind=PersistentVolumeClaim";
/** Where more workloads of a namespace are not ready, all its pods are listed at once. */
const FEW = 5;
/** A pod that was made just now and says nothing is starting, and nobody else has much to say of it either. */
const YOUNG_MS = 3000;

/** What is known of one object that is not ready, found out at one moment: pods, their events, their last lines. */
export class Evidence {
  readonly #cluster: Cluster;
  readonly #wide: ReadonlySet<string>;
  readonly #lists = new Map<string, Promise<readonly KubeObject[]>>();

  /** @param unready all that will be asked about */
  constructor(cluster: Cluster, unready: readonly KubeObject[]) {
    this.#cluster = cluster;
    const perNamespace = Map.groupBy(unready, ({ metadata }) => metadata.namespace ?? "");
    this.#wide = new Set([...perNamespace].flatMap(([namespace, objects]) => (objects.length > FEW ? [namespace] : [])));
  }

  /** Why it is not ready, the telling ones first; empty where nothing tells. What may not be read is no trouble of the object, and is left out. */
  async of(object: KubeObject): Promise<readonly Trouble[]> {
    try {
      return await this.#of(object);
    } catch (error) {
      if (isClusterError(error, "forbidden")) return [{ text: `cannot be explained: ${error.message}`, certain: false, log: null }];
      throw error;
    }
  }

  /** A claim that gets its volume when a pod uses it, and is used by none now, has nothing to wait for. */
  async isUnused(claim: KubeObject): Promise<boolean> {
    try {
      return (await this.#eventsOf(claim, OF_CLAIMS)).some(({ reason }) => reason === "WaitForFirstConsumer");
    } catch (error) {
      if (isClusterError(error, "forbidden")) return false;
      throw error;
    }
  }

  /** The last lines of the container that a trouble names, each indented; empty where there are none, or they may not be read. */
  async linesOf({ log }: Trouble): Promise<readonly string[]> {
    if (log === null) return [];
    const path = `/api/v1/namespaces/${log.namespace}/pods/${log.pod}/log`;
    const query = { container: log.container, tailLines: LOG_LINES, limitBytes: LOG_BYTES };
    try {
      const text =
        (log.previous ? await this.#cluster.text(path, { ...query, previous: true }) : null) ?? (await this.#cluster.text(path, query));
      return (text ?? "").split("\n").flatMap((line) => (line.trim() === "" ? [] : [`    ${line.trimEnd()}`]));
    } catch (error) {
      if (isClusterError(error)) return [];
      throw error;
    }
  }

  async #of(object: KubeObject): Promise<readonly Trouble[]> {
    switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
      case "apps/Deployment":
        return await this.#ofDeployment(object);
      case "apps/StatefulSet":
        return await this.#ofStateful(object);
      case "apps/DaemonSet":
        return await this.#ofPods(object, object, daemonGeneration(object));
      case "apps/ReplicaSet":
      case "/ReplicationController":
        return await this.#ofPods(object, object, isLiving);
      case "batch/Job":
        return await this.#ofPods(object, object, () => true);
      case "/Pod":
        return await this.#ofPod(object as Pod);
      case "/PersistentVolumeClaim":
        return toList(creationTrouble(await this.#eventsOf(object, OF_CLAIMS), this.#cluster.now()));
      default:
        return [];
    }
  }

  /** Pods of the version that is being rolled out alone: those before it are on their way out, whatever they say. */
  async #ofDeployment(object: KubeObject): Promise<readonly Trouble[]> {
    const revision = object.metadata.annotations?.["deployment.kubernetes.io/revision"];
    const sets = await this.#owned(object, "/apis/apps/v1", "replicasets");
    const newest = sets.find(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"] === revision);
    const refused = conditionOf(object, "ReplicaFailure");
    if (refused?.status === "True" && refused.message !== undefined) {
      const forMs = this.#cluster.now() - (Date.parse(refused.lastTransitionTime ?? "") || this.#cluster.now());
      return [{ ...judge(refused.message, forMs), log: null }];
    }
    if (newest) return await this.#ofPods(object, newest, isLiving);
    return toList(creationTrouble(await this.#events(object), this.#cluster.now()));
  }

  /** One pod after the other: one of the version before that does not get ready holds up all others, and is not replaced until a person deletes it (kubernetes/kubernetes#67250). */
  async #ofStateful(object: KubeObject): Promise<readonly Trouble[]> {
    const isNew = statefulRevision(object);
    const own = await this.#ofPods(object, object, isNew);
    if (own.length > 0) return own;
    const held = await this.#ofPods(object, object, (pod) => !isNew(pod));
    return held.map((trouble) => ({
      ...trouble,
      isStuck: trouble.certain && rollsAll(object),
      text: `waits for a pod of the version before, which is replaced only when it is deleted: ${trouble.text}`,
    }));
  }

  async #ofPods(workload: KubeObject, owner: KubeObject, isNew: (pod: KubeObject) => boolean): Promise<readonly Trouble[]> {
    const pods = (await this.#owned(owner, "/api/v1", "pods", workload)).filter(
      (pod) => isNew(pod) && pod.metadata.deletionTimestamp === undefined,
    ) as Pod[];
    const unready = pods.filter((pod) => conditionOf(pod, "Ready")?.status !== "True" && pod.status?.phase !== "Succeeded");
    const found = await Promise.all(unready.slice(0, ASKED).map(async (pod) => ({ pod, troubles: await this.#ofPod(pod) })));
    const troubles = found.flatMap(({ pod, troubles: of }) =>
      of.map((trouble) => ({
        ...trouble,
        pod,
        text: `pod ${pod.metadata.name}${unready.length > 1 ? ` (one of ${unready.length} that are not ready)` : ""}: ${trouble.text}`,
      })),
    );
    if (unready.length > 0) return distinct(troubles);
    // None of its pods is in trouble: it may not have been allowed to make more of them.
    return toList(creationTrouble(await this.#events(owner), this.#cluster.now()));
  }

  async #ofPod(pod: Pod): Promise<readonly Trouble[]> {
    const now = this.#cluster.now();
    const atOnce = troublesOf(pod, [], now);
    const isYoung = atOnce.length === 0 && now - Date.parse(pod.metadata.creationTimestamp ?? "") < YOUNG_MS;
    return isYoung || atOnce.some(({ certain }) => certain) ? atOnce : troublesOf(pod, await this.#events(pod), now);
  }

  /** Of trouble about one object; all of them are looked through for it, so for many objects they are asked for once. */
  async #events(object: KubeObject): Promise<readonly KubeEvent[]> {
    return await this.#eventsOf(object, "type=Warning");
  }

  async #eventsOf(object: KubeObject, which: string): Promise<readonly KubeEvent[]> {
    const { namespace = "default", uid } = object.metadata;
    const wide = this.#wide.has(namespace);
    const fieldSelector = `${which}${wide ? "" : `,involvedObject.uid=${uid}`}`;
    const events = (await this.#list(`/api/v1/namespaces/${namespace}/events`, { fieldSelector })) as readonly KubeEvent[];
    return wide ? events.filter(({ involvedObject }) => involvedObject?.uid === uid) : events;
  }

  /** Once in this look. */
  #list(path: string, query: Query): Promise<readonly KubeObject[]> {
    const key = JSON.stringify([path, query]);
    const list = this.#lists.get(key) ?? this.#cluster.list(path, query);
    this.#lists.set(key, list);
    return list;
  }

  /** @param selecting whose selector finds them, where it is not the owner's */
  async #owned(owner: KubeObject, root: string, plural: string, selecting: KubeObject = owner): Promise<readonly KubeObject[]> {
    const { namespace = "default", uid } = owner.metadata;
    const path = `${root}/namespaces/${namespace}/${plural}`;
    const list = await this.#list(path, { labelSelector: this.#wide.has(namespace) ? undefined : selectorOf(selecting) });
    return list.filter(({ metadata }) =>
      metadata.ownerReferences?.some((reference) => reference.controller === true && reference.uid === uid),
    );
  }
}

/** A pod that has ended (evicted, say) is not started again; its controller has made another, which is the one to look at. */
const isLiving = (pod: KubeObject): boolean => (pod as Pod).status?.phase !== "Failed";

const toList = (trouble: Trouble | null): readonly Trouble[] => (trouble ? [trouble] : []);

function statefulRevision(object: KubeObject): (pod: KubeObject) => boolean {
  const revision = (object["status"] as { readonly updateRevision?: string } | undefined)?.updateRevision;
  return (pod) => pod.metadata.labels?.["controller-revision-hash"] === revision;
}

/** A person may have said that pods of the version before stay. */
function rollsAll(object: KubeObject): boolean {
  const { updateStrategy: { type, rollingUpdate } = {} } = (object["spec"] ?? {}) as {
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
  };
  return type !== "OnDelete" && (rollingUpdate?.partition ?? 0) === 0;
}

function daemonGeneration(object: KubeObject): (pod: KubeObject) => boolean {
  const generation = object.metadata.annotations?.["deprecated.daemonset.template.generation"];
  return (pod) => generation === undefined || pod.metadata.labels?.["pod-template-generation"] === generation;
}

type Selector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
};
const OPERATORS: Readonly<Record<string, (key: string, values: string) => string>> = {
  In: (key, values) => `${key} in (${values})`,
  NotIn: (key, values) => `${key} notin (${values})`,
  Exists: (key) => key,
  DoesNotExist: (key) => `!${key}`,
};

/** As a query has it; a ReplicationController's selector is labels alone. */
function selectorOf(object: KubeObject): string | undefined {
  const selector = (object["spec"] as { readonly selector?: Selector & Readonly<Record<string, string>> } | undefined)?.selector;
  if (selector === undefined) return undefined;
  const labels = object.kind === "ReplicationController" ? selector : (selector.matchLabels ?? {});
  const terms = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector.matchExpressions ?? [])
    terms.push(OPERATORS[operator]?.(key, values.join(",")) ?? key);
  return terms.join(",");
}

/** The same trouble of several pods is one. */
function distinct(troubles: readonly Trouble[]): readonly Trouble[] {
  const plain = ({ text }: Trouble) => text.replace(/^pod \S+/, "");
  const first = troubles.filter((trouble, at) => troubles.findIndex((other) => plain(other) === plain(trouble)) === at);
  return first.toSorted((a, b) => Number(b.certain) - Number(a.certain));
}
