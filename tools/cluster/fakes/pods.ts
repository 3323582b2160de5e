import { join } from "node:path";
import { type Behaviour } from "./behaviours.ts";
import { backingOff, become, ended, event, restarted, started, stillRunning, waiting, type End } from "./pod-status.ts";
import { apply, remove, stage } from "./stage.ts";
import { all, is, KEPT, NEW, not, READY, restartedAtLeast, RUNNING, RUNS_ONCE, RUNS_TO_AN_END, waitsFor } from "./when.ts";

/** What a kubelet would do with pods. `logs` is the directory with what their containers write, a file for each behaviour. */
export const podStages = (logs: string) => [
  stage("Pod", "ready", all(is("ready"), NEW), [become({ phase: "Running", ready: true, containers: started })]),
  stage("Pod", "hang", all(is("hang"), NEW), [logsFrom(logs, "hang"), become({ phase: "Running", ready: true, containers: started })]),
  stage(
    "Pod",
    "complete",
    all(is("ready", "slow", "flaky"), RUNNING, READY, RUNS_TO_AN_END),
    [become({ phase: "Succeeded", ready: false, why: "PodCompleted", containers: ended({ code: 0, reason: "Completed" }) })],
    { ms: 1000 },
  ),
  stage("Pod", "slow", all(is("slow"), NEW), [logsFrom(logs, "slow"), become(UNREADY)]),
  stage("Pod", "slow-ready", all(is("slow"), RUNNING, not(READY)), [become({ ready: true, containers: stillRunning })], {
    ms: 5000,
    from: `.metadata.annotations["fake/ready-after"]`,
  }),
  stage("Pod", "broken", all(is("broken"), NEW), [logsFrom(logs, "broken"), become(UNREADY), unhealthy]),
  ...crashing(logs),
  ...imageMissing,
  stage("Pod", "noconfig", all(is("noconfig"), NEW), [
    become({ ready: false, containers: waiting("CreateContainerConfigError", `"configmap \\"settings\\" not found"`, true) }),
    event("Warning", "Failed", `"Error: configmap \\"settings\\" not found"`),
  ]),
  stage("Pod", "delete", not(KEPT), [remove]),
];

const UNREADY = { phase: "Running", ready: false, containers: started };

const unhealthy = event("Warning", "Unhealthy", `"Readiness probe failed: HTTP probe failed with statuscode: 503"`);

/** Containers start, run for a moment, end, wait and start again; a flaky pod's third start is its last. */
function crashing(logs: string) {
  const recovering = all(is("flaky"), restartedAtLeast(1));
  const recovered = all(is("flaky"), restartedAtLeast(2));
  const back = waitsFor("CrashLoopBackOff");
  // The kubelet's own pauses, 10 s to 5 min, would take tests too long.
  const pause = { ms: 1000, from: `.status.containerStatuses[0].restartCount | "\\([1, 2, 4, 8][.] // 16)s"` };
  return [
    ...(["crash", "oom", "flaky"] as const).map((one) => stage("Pod", one, all(is(one), NEW), [logsFrom(logs, one), become(UNREADY)])),
    ...exits("crash", all(is("crash", "flaky"), RUNNING, not(recovered)), { code: 1, reason: "Error" }),
    ...exits("oom", all(is("oom"), RUNNING), { code: 137, reason: "OOMKilled" }),
    stage("Pod", "again", all(back, not(recovering)), [become({ ready: false, containers: restarted })], pause),
    stage("Pod", "recover", all(back, recovering), [become({ ready: true, containers: restarted })], pause),
  ];
}

function exits(name: string, when: string, end: End) {
  const soon = { ms: 300 };
  const message = `printf "Back-off restarting failed container %s in pod %s_%s(%s)" $c.name $.metadata.name $.metadata.namespace $.metadata.uid`;
  const again = [become({ ready: false, containers: backingOff(end) }), event("Warning", "BackOff", message)];
  return [
    stage("Pod", `${name}-exit`, all(when, not(RUNS_ONCE)), again, soon),
    stage("Pod", `${name}-fail`, all(when, RUNS_ONCE), [become({ phase: "Failed", ready: false, containers: ended(end) })], soon),
  ];
}

const backOffPulling = `printf "Back-off pulling image %q" $c.image`;

const imageMissing = [
  stage("Pod", "nopull", all(is("nopull"), NEW), [
    become({ ready: false, containers: waiting("ErrImagePull", `printf "failed to resolve reference %q: not found" $c.image`, true) }),
    event("Warning", "Failed", `printf "Failed to pull image %q: not found" $c.image`),
    event("Warning", "Failed", `"Error: ErrImagePull"`),
  ]),
  stage(
    "Pod",
    "nopull-again",
    waitsFor("ErrImagePull"),
    [
      become({ ready: false, containers: waiting("ImagePullBackOff", backOffPulling, false) }),
      event("Normal", "BackOff", backOffPulling),
      event("Warning", "Failed", `"Error: ImagePullBackOff"`),
    ],
    { ms: 1000 },
  ),
];

/** What `kubectl logs` answers for this pod. */
function logsFrom(directory: string, behaviour: Behaviour) {
  const file = JSON.stringify(join(directory, `${behaviour}.log`));
  return apply(
    "apiVersion: kwok.x-k8s.io/v1alpha1",
    "kind: Logs",
    "metadata: {name: {{ .metadata.name }}, namespace: {{ .metadata.namespace }}, ownerReferences: [{apiVersion: v1, kind: Pod, name: {{ .metadata.name }}, uid: {{ .metadata.uid }}}]}",
    `spec: {logs: [{logsFile: ${file}, previousLogsFile: ${file}}]}`,
  );
}
