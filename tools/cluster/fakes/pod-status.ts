import { apply, patchStatus } from "./stage.ts";

/**
 * Parts of a pod's status as Go templates. A `Text` is an expression in one, where `$` is the pod and `$c` a container of it: `printf "no image %q" $c.image`.
 */
export type Text = string;

const put = (text: Text): string => `{{ ${text} | Quote }}`;
const NOW = put("Now");

/** How all containers of a pod are; a YAML mapping, where `$was` is the container's status until now. */
export type Containers = {
  /** The node has only begun with the pod. */
  readonly fresh: boolean;
  /** The image is there. */
  readonly pulled: boolean;
  readonly started: boolean;
  readonly restarts: string;
  readonly state: string;
  readonly last: string;
};

export type End = { readonly code: number; readonly reason: string };

const terminated = ({ code, reason }: End): string =>
  `{terminated: {exitCode: ${code}, reason: ${reason}, startedAt: ${put("$was.state.running.startedAt")}, finishedAt: ${NOW}}}`;

const waitingState = (reason: string, message: Text): string => `{waiting: {reason: ${reason}, message: ${put(message)}}}`;

const UNCHANGED = { fresh: false, pulled: true, restarts: "{{ $was.restartCount }}", last: "{{ $was.lastState | toJson }}" };

/** Running for the first time. */
export const started: Containers = {
  fresh: true,
  pulled: true,
  started: true,
  restarts: "0",
  state: `{running: {startedAt: ${NOW}}}`,
  last: "{}",
};

/** Running once more. */
export const restarted: Containers = {
  ...UNCHANGED,
  started: true,
  restarts: "{{ add $was.restartCount 1 }}",
  state: `{running: {startedAt: ${NOW}}}`,
};

export const stillRunning: Containers = { ...UNCHANGED, started: true, state: "{{ $was.state | toJson }}" };

export const ended = (end: End): Containers => ({ ...UNCHANGED, started: false, state: terminated(end) });

/** Not running for a reason, and never yet. */
export const waiting = (reason: string, message: Text, fresh: boolean): Containers => ({
  fresh,
  pulled: false,
  started: false,
  restarts: "0",
  last: "{}",
  state: waitingState(reason, message),
});

/** Waiting to be started again after its end. */
export const backingOff = (end: End): Containers => ({
  ...UNCHANGED,
  started: false,
  state: waitingState(
    "CrashLoopBackOff",
    `printf "back-off restarting failed container=%s pod=%s_%s(%s)" $c.name $.metadata.name $.metadata.namespace $.metadata.uid`,
  ),
  last: terminated(end),
});

type Look = {
  readonly phase?: string;
  readonly ready: boolean;
  readonly containers: Containers;
  /** Why it is not ready. */ readonly why?: string;
};

/** The step to a status. */
export function become({ phase, ready, containers, why = "ContainersNotReady" }: Look) {
  const is = ready
    ? `status: "True"`
    : `status: "False", reason: ${why}, message: ${put(`printf "containers with unready status: %v" $names`)}`;
  const condition = (type: string, rest: string): string => `{type: ${type}, ${rest}, lastTransitionTime: ${NOW}}`;
  const conditions = [
    condition("Ready", is),
    condition("ContainersReady", is),
    ...(containers.fresh ? [condition("Initialized", `status: "True"`)] : []),
  ];
  return patchStatus(
    "{{ $names := list }}{{ range .spec.containers }}{{ $names = append $names .name }}{{ end }}",
    ...(phase === undefined ? [] : [`phase: ${phase}`]),
    `conditions: [${conditions.join(", ")}]`,
    ...(containers.fresh ? PLACED : []),
    statusesOf(containers, ready),
  );
}

function statusesOf({ fresh, pulled, started: hasStarted, restarts, state, last }: Containers, ready: boolean): string {
  const was = fresh ? "" : "{{ $was := index $.status.containerStatuses $i }}";
  const ids = pulled ? `imageID: ${IMAGE_ID}, containerID: ${put(`printf "fake://%s/%s" $.metadata.uid $c.name`)}` : `imageID: ""`;
  return `containerStatuses: [{{ range $i, $c := .spec.containers }}${was} {name: ${put("$c.name")}, image: ${put("$c.image")}, ${ids}, ready: ${ready}, started: ${hasStarted}, restartCount: ${restarts}, state: ${state}, lastState: ${last}}, {{ end }}]`;
}

/** Nothing is pulled: who names no digest gets one that is made of the name. */
const IMAGE_ID = `{{ if contains "@" $c.image }}${put("$c.image")}{{ else }}${put(`printf "%s@sha256:%s" $c.image (sha256sum $c.image)`)}{{ end }}`;

/** What a node adds to a pod that it has begun with. Init containers have ended with success, those that stay run. */
const PLACED = [
  `startTime: ${NOW}`,
  `hostIP: ${put("NodeIPWith $.spec.nodeName")}`,
  `hostIPs: [{ip: ${put("NodeIPWith $.spec.nodeName")}}]`,
  `{{ $ip := PodIPWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace }}`,
  `podIP: ${put("$ip")}`,
  `podIPs: [{ip: ${put("$ip")}}]`,
  `{{ if .spec.initContainers }}`,
  `initContainerStatuses: [{{ range $c := .spec.initContainers }} {name: ${put("$c.name")}, image: ${put("$c.image")}, imageID: ${IMAGE_ID}, ready: true, restartCount: 0, {{ if eq (default "" $c.restartPolicy) "Always" }}started: true, state: {running: {startedAt: ${NOW}}}{{ else }}started: false, state: {terminated: {exitCode: 0, reason: Completed, startedAt: ${NOW}, finishedAt: ${NOW}}}{{ end }}}, {{ end }}]`,
  `{{ end }}`,
];

/** An event of the kubelet's about the pod's first container. */
export const event = (type: "Normal" | "Warning", reason: string, message: Text) =>
  apply(
    "{{ $c := index .spec.containers 0 }}",
    "apiVersion: v1",
    "kind: Event",
    "metadata: {generateName: {{ .metadata.name }}., namespace: {{ .metadata.namespace }}}",
    `involvedObject: {apiVersion: v1, kind: Pod, name: {{ .metadata.name }}, namespace: {{ .metadata.namespace }}, uid: {{ .metadata.uid }}, fieldPath: ${put(`printf "spec.containers{%s}" $c.name`)}}`,
    `type: ${type}`,
    `reason: ${reason}`,
    `message: ${put(message)}`,
    `source: {component: kubelet, host: {{ .spec.nodeName }}}`,
    `firstTimestamp: ${NOW}`,
    `lastTimestamp: ${NOW}`,
    `count: 1`,
  );
