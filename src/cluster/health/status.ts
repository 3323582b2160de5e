import { groupOf, type KubeObject } from "../objects.ts";
import { conditionOf, type Verdict } from "./types.ts";

/**
 * What an object's status says, by the rules of `kubectl rollout status` for workloads and of kstatus for the rest. Pure.
 * Each `failed` says why waiting does not help.
 */
export function statusOf(object: KubeObject): Verdict {
  if (object.metadata.deletionTimestamp !== undefined) return degraded("is being deleted");
  const judge = JUDGES[`${groupOf(object.apiVersion)}/${object.kind}`];
  // Its controller has not seen it yet: what the status says is about what was there before.
  if (judge !== pod && isBehind(object)) return progressing("is not yet seen by its controller");
  return (judge ?? custom)(object);
}

/** Kinds that have nothing to wait for: they are there or not. */
const STILL = new Set(
  [
    "/ConfigMap /Secret /ServiceAccount /Namespace /LimitRange /ResourceQuota /Endpoints /PersistentVolume networking.k8s.io/NetworkPolicy networking.k8s.io/Ingress",
    "networking.k8s.io/IngressClass rbac.authorization.k8s.io/Role rbac.authorization.k8s.io/RoleBinding rbac.authorization.k8s.io/ClusterRole",
    "rbac.authorization.k8s.io/ClusterRoleBinding batch/CronJob autoscaling/HorizontalPodAutoscaler policy/PodDisruptionBudget scheduling.k8s.io/PriorityClass",
    "storage.k8s.io/StorageClass admissionregistration.k8s.io/MutatingWebhookConfiguration admissionregistration.k8s.io/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/ValidatingAdmissionPolicy admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
  ]
    .join(" ")
    .split(" "),
);

/** Whether an object can be unready at all. Only these are looked at. */
export function isWaitedFor(object: Pick<KubeObject, "apiVersion" | "kind"> & { readonly spec?: unknown }): boolean {
  const kind = `${groupOf(object.apiVersion)}/${object.kind}`;
  return kind === "/Service" ? (object.spec as { readonly type?: string } | undefined)?.type === "LoadBalancer" : !STILL.has(kind);
}

const ready: Verdict = { state: "ready" };
const progressing = (text: string): Verdict => ({ state: "progressing", text });
const degraded = (text: string): Verdict => ({ state: "degraded", text });
const failed = (text: string): Verdict => ({ state: "failed", text });

/** Whether its controller has yet to see it as it is. */
export function isBehind(object: KubeObject): boolean {
  const seen = (object["status"] as { readonly observedGeneration?: number } | undefined)?.observedGeneration;
  const { generation } = object.metadata;
  // Workloads always say what they have seen; a status without it has not been written yet. Of other kinds many never say it.
  return seen === undefined ? object.apiVersion === "apps/v1" : generation !== undefined && seen < generation;
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const count = (value: unknown): number => (typeof value === "number" ? value : 0);

const pods = (number: number): string => `${number} ${number === 1 ? "pod" : "pods"}`;
const availableText = (available: number, wanted: number): string =>
  `${available} of ${pods(wanted)} ${available === 1 ? "is" : "are"} available`;
const updatedText = (updated: number, wanted: number): string =>
  `${updated} of ${pods(wanted)} ${updated === 1 ? "is" : "are"} of the new version`;

function deployment(object: KubeObject): Verdict {
  const [spec, status] = [fieldsOf(object["spec"]), fieldsOf(object["status"])];
  const wanted = typeof spec["replicas"] === "number" ? spec["replicas"] : 1;
  const [all, updated, available] = [count(status["replicas"]), count(status["updatedReplicas"]), count(status["availableReplicas"])];
  const progress = conditionOf(object, "Progressing");
  const some = availableText(available, wanted);
  // The time that its author gives a rollout has passed; its controller may go on, but kubectl and Helm call it failed, too.
  if (progress?.status === "False" && progress.reason === "ProgressDeadlineExceeded")
    return failed(`has made no progress for ${count(spec["progressDeadlineSeconds"]) || 600} s (progressDeadlineSeconds); ${some}`);
  if (updated < wanted) {
    // Nothing rolls out until a person resumes it.
    if (spec["paused"] === true) return failed(`is paused: ${updatedText(updated, wanted)}`);
    return progressing(updatedText(updated, wanted));
  }
  if (all > updated) return progressing(`${pods(all - updated)} of the version before ${all - updated === 1 ? "is" : "are"} still there`);
  if (available >= wanted) return ready;
  const wasThere = progress?.reason === "NewReplicaSetAvailable" && conditionOf(object, "Available")?.status === "False";
  return wasThere ? degraded(some) : progressing(some);
}

function statefulSet(object: KubeObject): Verdict {
  const [spec, status] = [fieldsOf(object["spec"]), fieldsOf(object["status"])];
  const wanted = typeof spec["replicas"] === "number" ? spec["replicas"] : 1;
  const strategy = fieldsOf(spec["updateStrategy"]);
  const partition = count(fieldsOf(strategy["rollingUpdate"])["partition"]);
  const updated = count(status["updatedReplicas"]);
  // With OnDelete the new version comes when a person deletes pods: there is nothing to wait for.
  const rolls = strategy["type"] !== "OnDelete";
  if (rolls && updated < wanted - partition) return progressing(updatedText(updated, wanted - partition));
  const available = count(status["availableReplicas"] ?? status["readyReplicas"]);
  if (available < wanted) return progressing(availableText(available, wanted));
  if (rolls && partition === 0 && status["currentRevision"] !== status["updateRevision"] && wanted > 0)
    return progressing("the last pods of the version before are being replaced");
  return ready;
}

function daemonSet(object: KubeObject): Verdict {
  const [spec, status] = [fieldsOf(object["spec"]), fieldsOf(object["status"])];
  const wanted = count(status["desiredNumberScheduled"]);
  const [updated, available] = [count(status["updatedNumberScheduled"]), count(status["numberAvailable"])];
  if (fieldsOf(spec["updateStrategy"])["type"] !== "OnDelete" && updated < wanted) return progressing(updatedText(updated, wanted));
  return available < wanted ? progressing(availableText(available, wanted)) : ready;
}

function replicaSet(object: KubeObject): Verdict {
  const [spec, status] = [fieldsOf(object["spec"]), fieldsOf(object["status"])];
  const wanted = typeof spec["replicas"] === "number" ? spec["replicas"] : 1;
  const available = count(status["availableReplicas"]);
  return available < wanted ? progressing(availableText(available, wanted)) : ready;
}

function job(object: KubeObject): Verdict {
  const status = fieldsOf(object["status"]);
  if (conditionOf(object, "Complete")?.status === "True") return ready;
  const end = conditionOf(object, "Failed");
  // Its controller has given up (backoffLimit, activeDeadlineSeconds, a pod failure policy): a Job does not start again by itself.
  if (end?.status === "True") return failed(`has failed: ${[end.reason, end.message].filter(Boolean).join(": ")}`);
  if (fieldsOf(object["spec"])["suspend"] === true) return failed("is suspended: it does not run until a person resumes it");
  const [active, lost] = [count(status["active"]), count(status["failed"])];
  return progressing(
    `has not completed: ${pods(active)} ${active === 1 ? "runs" : "run"}${lost > 0 ? `, ${lost} ${lost === 1 ? "has" : "have"} failed` : ""}`,
  );
}

function pod(object: KubeObject): Verdict {
  const status = fieldsOf(object["status"]);
  if (status["phase"] === "Succeeded" || conditionOf(object, "Ready")?.status === "True") return ready;
  // A pod by itself that has ended is not started again by anyone.
  if (status["phase"] === "Failed") return failed(`has failed${typeof status["reason"] === "string" ? `: ${status["reason"]}` : ""}`);
  return progressing("is not ready");
}

function claim(object: KubeObject): Verdict {
  const phase = fieldsOf(object["status"])["phase"];
  if (phase === "Bound") return ready;
  // Its volume is gone, with what was on it.
  return phase === "Lost" ? failed("has lost its volume") : progressing("has no volume yet");
}

function definition(object: KubeObject): Verdict {
  if (conditionOf(object, "Established")?.status === "True") return ready;
  const names = conditionOf(object, "NamesAccepted");
  // Another CustomResourceDefinition has the name.
  return names?.status === "False"
    ? failed(`cannot have its names: ${names.message ?? names.reason ?? ""}`)
    : progressing("is not yet established");
}

function service(object: KubeObject): Verdict {
  if (fieldsOf(object["spec"])["type"] !== "LoadBalancer") return ready;
  const ingress = fieldsOf(fieldsOf(object["status"])["loadBalancer"])["ingress"];
  return Array.isArray(ingress) && ingress.length > 0 ? ready : progressing("has no address of a load balancer yet");
}

function apiService(object: KubeObject): Verdict {
  const available = conditionOf(object, "Available");
  return available?.status === "True" ? ready : progressing(`is not available${available?.message ? `: ${available.message}` : ""}`);
}

/** By kstatus' convention: `Ready`, where a kind says it at all, is what it means; `Stalled` is its controller's word that it needs a person. */
function custom(object: KubeObject): Verdict {
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status === "True") return degraded(`is stalled: ${stalled.message ?? stalled.reason ?? ""}`);
  const state = conditionOf(object, "Ready");
  if (state !== undefined && state.status !== "True") return progressing(`is not ready${state.message ? `: ${state.message}` : ""}`);
  return conditionOf(object, "Reconciling")?.status === "True" ? progressing("is being reconciled") : ready;
}

const JUDGES: Readonly<Record<string, (object: KubeObject) => Verdict>> = {
  "apps/Deployment": deployment,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "apps/ReplicaSet": replicaSet,
  "/ReplicationController": replicaSet,
  "batch/Job": job,
  "/Pod": pod,
  "/PersistentVolumeClaim": claim,
  "apiextensions.k8s.io/CustomResourceDefinition": definition,
  "/Service": service,
  "apiregistration.k8s.io/APIService": apiService,
};
