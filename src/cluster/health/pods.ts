import { type Condition, type ContainerStatus, type KubeEvent, type Pod, timeOf, type Trouble } from "./types.ts";

/** How long what somebody else may bring (an operator, a controller of secrets) is waited for before it counts as certain, in ms. */
const BROUGHT_MS = 30_000;
/** A program that has ended so often in a row, over at least 30 s of back-off (10 s + 20 s), does not start because something it needs is still starting. */
const CRASHES = 3;

/** What is wrong with a pod. Pure. @param now the cluster's time, in ms @param events about this pod */
export function troublesOf(pod: Pod, events: readonly KubeEvent[], now: number): readonly Trouble[] {
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  if (unscheduled) return [unschedulable(unscheduled, now)];
  const init = pod.status?.initContainerStatuses ?? [];
  const found = [...init, ...(pod.status?.containerStatuses ?? [])].flatMap((status) => ofContainer(pod, status, events, now) ?? []);
  if (found.length > 0) return found;
  const mount = ofMount(pod, events, now);
  if (mount) return [mount];
  if (pod.status?.phase === "Failed")
    return [{ text: `has failed: ${pod.status.message ?? pod.status.reason ?? ""}`, certain: false, log: null }];
  return unready(pod, events);
}

/** Nodes come (an autoscaler) and room becomes free, so it is not certain; but a claim that does not exist is brought by nobody but a person. */
function unschedulable({ reason, message = "", lastTransitionTime }: Condition, now: number): Trouble {
  if (reason === "SchedulingGated") return { text: `waits for its scheduling gates: ${message}`, certain: false, log: null };
  const missing = /persistentvolumeclaim "[^"]+" not found/.test(message);
  return { text: `cannot be scheduled: ${message}`, certain: missing && since(lastTransitionTime, now) > BROUGHT_MS, log: null };
}

function ofContainer(pod: Pod, status: ContainerStatus, events: readonly KubeEvent[], now: number): Trouble | null {
  const { name, state, lastState } = status;
  const trouble = (text: string, certain: boolean, previous: boolean | null = null): Trouble => ({
    text: `container ${name}: ${text}`,
    certain,
    log: previous === null ? null : { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: name, previous },
  });
  const ended = state?.terminated;
  if (ended) return ended.exitCode === 0 ? null : trouble(endOf(ended), false, false);
  const { reason = "", message = "" } = state?.waiting ?? {};
  switch (reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "ImageInspectError":
    case "RegistryUnavailable":
    case "SignatureValidationFailed":
      return trouble(...pull(reason, status, `${message} ${pullEvent(events, status)}`, events, now - scheduledAt(pod)));
    case "InvalidImageName":
      // The name stands in the pod: it is wrong until another is rolled out.
      return trouble(`the image name ${status.image} is not valid`, true);
    case "ErrImageNeverPull":
      return trouble(`the image ${status.image} is not on the node, and imagePullPolicy is Never`, true);
    case "CrashLoopBackOff":
      return trouble(...crash(pod, status), true);
    case "CreateContainerConfigError":
      // A Secret, ConfigMap or key that is missing; an operator may still bring it.
      return trouble(`cannot be configured: ${message}`, now - scheduledAt(pod) > BROUGHT_MS);
    case "CreateContainerError":
    case "RunContainerError":
    case "PostStartHookError":
      return trouble(`${reason}: ${message}`, false);
    case "":
    case "ContainerCreating":
    case "PodInitializing":
      return lastState?.terminated && status.restartCount > 0 && state?.waiting
        ? trouble(`has been restarted ${times(status.restartCount)}; before that it ${endOf(lastState.terminated)}`, false, true)
        : null;
    default:
      return trouble(`${reason}: ${message}`, false);
  }
}

/**
 * A registry that answers "not found" has spoken: the image was to be there, and is named by its digest. "Denied" has spoken as well, unless the pod's own pull secret
 * is not there yet. Anything else (time-outs, rate limits, a registry that fails) may pass.
 */
function pull(
  reason: string,
  { image }: ContainerStatus,
  said: string,
  events: readonly KubeEvent[],
  ageMs: number,
): readonly [string, boolean] {
  const text = `${reason}: cannot pull the image ${image}`;
  if (/toomanyrequests|rate limit|timeout|deadline exceeded|connection refused|no such host|\b50[0-9]\b/i.test(said))
    return [`${text}: ${reasonIn(said)}`, false];
  if (/not found|manifest unknown|manifest_unknown|name unknown|does not exist/i.test(said) && !/denied|unauthori[sz]ed/i.test(said))
    return [`${text}: it is not in the registry`, true];
  if (/denied|unauthori[sz]ed|forbidden|no basic auth credentials|authentication required/i.test(said)) {
    const secretMissing = events.some(({ reason }) => reason === "FailedToRetrieveImagePullSecret");
    return [
      `${text}: the registry denies it${secretMissing ? "; its imagePullSecret is not there" : ""}`,
      !secretMissing || ageMs > BROUGHT_MS,
    ];
  }
  return [`${text}: ${reasonIn(said)}`, false];
}

/** What the node has said about this image last; a back-off itself does not repeat it everywhere. */
function pullEvent(events: readonly KubeEvent[], { image }: ContainerStatus): string {
  const told = events.filter(
    ({ reason, message }) => reason === "Failed" && message?.includes("pull") && (message.includes(image) || !message.includes('"')),
  );
  return told.toSorted((a, b) => timeOf(b) - timeOf(a))[0]?.message ?? "";
}

const reasonIn = (said: string): string => /desc = (.+)$/.exec(said.trim())?.[1] ?? (said.trim() || "no reason told");

function crash({ spec }: Pod, { restartCount, lastState, ready }: ContainerStatus): readonly [string, boolean] {
  const end = lastState?.terminated;
  const text = `CrashLoopBackOff: it ${end ? endOf(end) : "ended"}, ${times(restartCount + 1)} so far`;
  // A program that is not in the image, or may not be run, does not come by waiting.
  const cannotRun =
    end !== undefined && (["ContainerCannotRun", "StartError"].includes(end.reason ?? "") || [126, 127].includes(end.exitCode));
  // How often a Job's pod may crash is for its Job to say.
  const isOver = restartCount >= CRASHES && (spec?.restartPolicy ?? "Always") === "Always";
  return [text, !ready && (cannotRun || isOver)];
}

function endOf({ exitCode, reason, signal, message }: NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>): string {
  const why =
    reason === "OOMKilled"
      ? " (OOMKilled: it needs more memory than its limit)"
      : reason && reason !== "Error" && reason !== "Completed"
        ? ` (${reason})`
        : "";
  return `ended with exit code ${exitCode}${signal ? ` by signal ${signal}` : ""}${why}${message ? `: ${message.trim().split("\n").slice(-3).join(" ")}` : ""}`;
}

/** Volumes are mounted before any container is made: a Secret or ConfigMap that is missing shows only in events. */
function ofMount(pod: Pod, events: readonly KubeEvent[], now: number): Trouble | null {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  if (statuses.some(({ state }) => state?.running || state?.terminated)) return null;
  const last = events
    .filter(({ reason }) => /^Failed(Mount|AttachVolume|CreatePodSandBox)$/.test(reason ?? ""))
    .toSorted((a, b) => timeOf(b) - timeOf(a))[0];
  if (last === undefined) return null;
  const missing = /(secret|configmap)s? "[^"]+" not found|references non-existent (secret|config) key/.test(last.message ?? "");
  return { text: `waits for what it needs: ${last.message}`, certain: missing && now - scheduledAt(pod) > BROUGHT_MS, log: null };
}

/** It runs and does not say that it is ready: a slow start looks the same, and the time for that is the rollout's own. */
function unready(pod: Pod, events: readonly KubeEvent[]): readonly Trouble[] {
  const running = ({ ready, state }: ContainerStatus) => !ready && state?.running !== undefined;
  const container = pod.status?.containerStatuses?.find(running);
  const first = container ?? pod.status?.initContainerStatuses?.find(running);
  if (first === undefined) return ofConditions(pod);
  const { name, restartCount, lastState } = first;
  const probe = events.filter(({ reason }) => reason === "Unhealthy").toSorted((a, b) => timeOf(b) - timeOf(a))[0];
  const before =
    lastState?.terminated && restartCount > 0
      ? `; it has been restarted ${times(restartCount)}, and before that it ${endOf(lastState.terminated)}`
      : "";
  const text = container ? `container ${name}: runs but is not ready` : `init container ${name}: has not ended yet`;
  const log = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: name, previous: false };
  return [{ text: `${text}${probe?.message ? `: ${probe.message.trim()}` : ""}${before}`, certain: false, log }];
}

/** Its containers are well, and still it is not ready: its node does not answer, or a readiness gate is closed. */
function ofConditions({ status }: Pod): readonly Trouble[] {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True" || ready?.reason === undefined || ready.reason === "ContainersNotReady") return [];
  return [{ text: `is not ready: ${[ready.reason, ready.message].filter(Boolean).join(": ")}`, certain: false, log: null }];
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
const since = (time: string | undefined, now: number): number => now - (Date.parse(time ?? "") || now);
const scheduledAt = (pod: Pod): number => {
  const at = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")?.lastTransitionTime ?? pod.metadata.creationTimestamp;
  return Date.parse(at ?? "") || Number.POSITIVE_INFINITY;
};
