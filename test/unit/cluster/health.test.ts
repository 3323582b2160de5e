import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { creationTrouble, judge, quantity } from "../../../src/cluster/health/creation.ts";
import { troublesOf } from "../../../src/cluster/health/pods.ts";
import { isWaitedFor, statusOf } from "../../../src/cluster/health/status.ts";
import type { ContainerStatus, KubeEvent, Pod } from "../../../src/cluster/health/types.ts";
import type { KubeObject } from "../../../src/cluster/objects.ts";

const START = Date.parse("2026-11-30T03:15:42Z");
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const object = (apiVersion: string, kind: string, spec: object, status: object, metadata: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: "web", namespace: "shop", generation: 2, ...metadata },
  spec,
  status: { ...(apiVersion === "apps/v1" ? { observedGeneration: 2 } : {}), ...status },
});
const deployment = (status: object, spec: object = {}) =>
  object("apps/v1", "Deployment", { replicas: 3, progressDeadlineSeconds: 60, ...spec }, status);
const done = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
const progressing = (reason: string, status = "True") => ({ type: "Progressing", status, reason });

describe("what an object's status says", () => {
  test.each<[string, KubeObject, string, RegExp]>([
    ["a Deployment that has rolled out", deployment(done), "ready", /^$/],
    ["scaled to none", deployment({}, { replicas: 0 }), "ready", /^$/],
    ["whose controller lags", deployment({ ...done, observedGeneration: 1 }), "progressing", /not yet seen/],
    ["that is new", { ...deployment({}), status: {} }, "progressing", /not yet seen/],
    ["half way", deployment({ replicas: 4, updatedReplicas: 1, availableReplicas: 3 }), "progressing", /1 of 3 pods is of the new version/],
    ["with old pods left", deployment({ ...done, replicas: 4 }), "progressing", /^1 pod of the version before is still there/],
    [
      "not available",
      deployment({ ...done, availableReplicas: 1, conditions: [progressing("ReplicaSetUpdated")] }),
      "progressing",
      /1 of 3/,
    ],
    [
      "that was there and is not any more",
      deployment({
        ...done,
        availableReplicas: 1,
        conditions: [progressing("NewReplicaSetAvailable"), { type: "Available", status: "False" }],
      }),
      "degraded",
      /1 of 3 pods is available/,
    ],
    [
      "over its deadline",
      deployment({ updatedReplicas: 1, conditions: [progressing("ProgressDeadlineExceeded", "False")] }),
      "failed",
      /no progress for 60 s/,
    ],
    ["paused", deployment({ updatedReplicas: 1 }, { paused: true }), "failed", /is paused/],
    ["paused and complete", deployment(done, { paused: true }), "ready", /^$/],
    ["that is being deleted", { ...deployment(done), metadata: { name: "web", deletionTimestamp: at(0) } }, "degraded", /being deleted/],
    [
      "a StatefulSet",
      object(
        "apps/v1",
        "StatefulSet",
        { replicas: 2 },
        { updatedReplicas: 2, availableReplicas: 2, currentRevision: "a", updateRevision: "a" },
      ),
      "ready",
      /^$/,
    ],
    [
      "a StatefulSet half way",
      object("apps/v1", "StatefulSet", { replicas: 2 }, { updatedReplicas: 1, availableReplicas: 2 }),
      "progressing",
      /1 of 2/,
    ],
    [
      "a StatefulSet with a partition",
      object(
        "apps/v1",
        "StatefulSet",
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
        { updatedReplicas: 1, availableReplicas: 3, currentRevision: "a", updateRevision: "b" },
      ),
      "ready",
      /^$/,
    ],
    [
      "a StatefulSet that a person rolls",
      object(
        "apps/v1",
        "StatefulSet",
        { replicas: 3, updateStrategy: { type: "OnDelete" } },
        { availableReplicas: 3, currentRevision: "a", updateRevision: "b" },
      ),
      "ready",
      /^$/,
    ],
    [
      "a DaemonSet",
      object("apps/v1", "DaemonSet", {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
      "progressing",
      /2 of 3/,
    ],
    ["a DaemonSet without nodes", object("apps/v1", "DaemonSet", {}, { desiredNumberScheduled: 0 }), "ready", /^$/],
    ["a Job that runs", object("batch/v1", "Job", {}, { active: 1, failed: 2 }), "progressing", /1 pod runs, 2 have failed/],
    ["a Job that is done", object("batch/v1", "Job", {}, { conditions: [{ type: "Complete", status: "True" }] }), "ready", /^$/],
    [
      "a Job that has failed",
      object(
        "batch/v1",
        "Job",
        {},
        {
          conditions: [
            { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" },
          ],
        },
      ),
      "failed",
      /BackoffLimitExceeded: Job has reached/,
    ],
    ["a Job that is suspended", object("batch/v1", "Job", { suspend: true }, {}), "failed", /suspended/],
    ["a pod that has ended well", object("v1", "Pod", {}, { phase: "Succeeded" }), "ready", /^$/],
    ["a pod that has failed", object("v1", "Pod", {}, { phase: "Failed", reason: "Evicted" }), "failed", /Evicted/],
    ["a claim", object("v1", "PersistentVolumeClaim", {}, { phase: "Pending" }), "progressing", /no volume yet/],
    ["a claim that has lost its volume", object("v1", "PersistentVolumeClaim", {}, { phase: "Lost" }), "failed", /lost/],
    [
      "a definition",
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, { conditions: [{ type: "Established", status: "True" }] }),
      "ready",
      /^$/,
    ],
    [
      "a definition whose names are taken",
      object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        {},
        { conditions: [{ type: "NamesAccepted", status: "False", message: '"ships" is already in use' }] },
      ),
      "failed",
      /already in use/,
    ],
    ["a service without an address", object("v1", "Service", { type: "LoadBalancer" }, { loadBalancer: {} }), "progressing", /no address/],
    [
      "a service with one",
      object("v1", "Service", { type: "LoadBalancer" }, { loadBalancer: { ingress: [{ ip: "10.0.0.9" }] } }),
      "ready",
      /^$/,
    ],
    ["another kind that says nothing", object("example.org/v1", "Ship", {}, {}), "ready", /^$/],
    [
      "another kind that lags",
      object("example.org/v1", "Ship", {}, { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] }),
      "progressing",
      /not yet seen/,
    ],
    [
      "another kind that is not ready",
      object("example.org/v1", "Ship", {}, { conditions: [{ type: "Ready", status: "False", message: "no wind" }] }),
      "progressing",
      /no wind/,
    ],
  ])("%s", (_, live, state, text) => {
    const verdict = statusOf(live);
    expect(verdict.state).toBe(state);
    expect("text" in verdict ? verdict.text : "").toMatch(text);
  });

  test("what can be unready is waited for, and nothing else", () => {
    const kinds = (refs: readonly (readonly [string, string])[]) =>
      refs.filter(([apiVersion, kind]) => isWaitedFor({ apiVersion, kind })).map(([, kind]) => kind);
    expect(
      kinds([
        ["v1", "ConfigMap"],
        ["v1", "Secret"],
        ["v1", "Service"],
        ["apps/v1", "Deployment"],
        ["batch/v1", "CronJob"],
        ["example.org/v1", "Ship"],
        ["example.org/v1", "Secret"],
      ]),
    ).toEqual(["Deployment", "Ship", "Secret"]);
    expect(isWaitedFor({ apiVersion: "v1", kind: "Service", spec: { type: "LoadBalancer" } })).toBe(true);
  });

  test("a Deployment is ready only when all its pods are new and available, whatever the numbers", () => {
    const number = fc.nat(4);
    fc.assert(
      fc.property(number, number, number, number, (replicas, all, updated, available) => {
        const verdict = statusOf(deployment({ replicas: all, updatedReplicas: updated, availableReplicas: available }, { replicas }));
        expect(verdict.state === "ready").toBe(updated >= replicas && all <= updated && available >= replicas);
      }),
    );
  });
});

const container = (state: NonNullable<ContainerStatus["state"]>, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: "app",
  image: "registry.example/web:1",
  ready: false,
  restartCount: 0,
  state,
  ...more,
});
const pod = (status: object, containers: readonly ContainerStatus[] = []): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", creationTimestamp: at(0) },
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: at(0) }],
    containerStatuses: containers,
    ...status,
  },
});
const event = (reason: string, message: string, seconds = 1): KubeEvent => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: `web-1.${seconds}` },
  type: "Warning",
  reason,
  message,
  firstTimestamp: at(seconds),
  lastTimestamp: at(seconds),
});
const waiting = (reason: string, message = "") => container({ waiting: { reason, message } });
const crashed = (exitCode: number, reason: string, restartCount: number) =>
  container(
    { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s restarting failed container" } },
    { restartCount, lastState: { terminated: { exitCode, reason } } },
  );
/** containerd's and the registries' own words. */
const NOT_FOUND =
  'rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/web:1": failed to resolve reference "registry.example/web:1": registry.example/web:1: not found';
const DENIED =
  'failed to resolve reference "registry.example/web:1": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials';
const TIMED_OUT = 'failed to do request: Head "https://registry.example/v2/web/manifests/1": dial tcp 10.0.0.1:443: i/o timeout';
const LIMITED = "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit";

describe("what is wrong with a pod", () => {
  test.each<[string, Pod, readonly KubeEvent[], number, RegExp, boolean]>([
    [
      "an image that is not there",
      pod({}, [waiting("ErrImagePull", NOT_FOUND)]),
      [],
      1,
      /container app: \w+: cannot pull the image registry.example\/web:1: it is not in the registry/,
      true,
    ],
    [
      "the same, told by an event alone",
      pod({}, [waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/web:1"')]),
      [event("Failed", `Failed to pull image "registry.example/web:1": ${NOT_FOUND}`)],
      1,
      /not in the registry/,
      true,
    ],
    [
      "a back-off that says nothing",
      pod({}, [waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/web:1"')]),
      [],
      60,
      /Back-off pulling/,
      false,
    ],
    ["an image that is denied", pod({}, [waiting("ErrImagePull", DENIED)]), [], 1, /the registry denies it$/, true],
    [
      "denied while the pull secret is on its way",
      pod({}, [waiting("ErrImagePull", DENIED)]),
      [event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (pull)")],
      10,
      /imagePullSecret is not there/,
      false,
    ],
    [
      "denied since the pull secret never came",
      pod({}, [waiting("ErrImagePull", DENIED)]),
      [event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (pull)")],
      40,
      /imagePullSecret is not there/,
      true,
    ],
    ["a registry that does not answer", pod({}, [waiting("ErrImagePull", TIMED_OUT)]), [], 600, /i\/o timeout/, false],
    ["a registry that is tired", pod({}, [waiting("ErrImagePull", LIMITED)]), [], 600, /toomanyrequests/, false],
    ["a name that is none", pod({}, [waiting("InvalidImageName")]), [], 1, /not valid/, true],
    ["a first crash", pod({}, [crashed(1, "Error", 1)]), [], 5, /CrashLoopBackOff: it ended with exit code 1, 2 times so far/, false],
    ["a crash again and again", pod({}, [crashed(1, "Error", 3)]), [], 40, /4 times so far/, true],
    ["no memory", pod({}, [crashed(137, "OOMKilled", 3)]), [], 40, /exit code 137 \(OOMKilled: it needs more memory/, true],
    ["a program that is not there", pod({}, [crashed(128, "StartError", 1)]), [], 5, /StartError/, true],
    [
      "an init container",
      pod({ initContainerStatuses: [{ ...crashed(2, "Error", 4), name: "migrate" }] }, [waiting("PodInitializing")]),
      [],
      40,
      /container migrate: CrashLoopBackOff/,
      true,
    ],
    [
      "a Secret that is missing",
      pod({}, [waiting("CreateContainerConfigError", 'secret "tokens" not found')]),
      [],
      5,
      /secret "tokens" not found/,
      false,
    ],
    [
      "a Secret that never comes",
      pod({}, [waiting("CreateContainerConfigError", "couldn't find key api in Secret shop/tokens")]),
      [],
      40,
      /couldn't find key api/,
      true,
    ],
    [
      "a volume whose ConfigMap is missing",
      pod({}, [waiting("ContainerCreating")]),
      [event("FailedMount", 'MountVolume.SetUp failed for volume "cfg" : configmap "web" not found')],
      40,
      /configmap "web" not found/,
      true,
    ],
    [
      "a volume that is slow",
      pod({}, [waiting("ContainerCreating")]),
      [event("FailedAttachVolume", "Multi-Attach error for volume")],
      400,
      /Multi-Attach/,
      false,
    ],
    [
      "no node",
      pod({
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: "0/3 nodes are available: 3 Insufficient cpu.",
            lastTransitionTime: at(0),
          },
        ],
      }),
      [],
      600,
      /cannot be scheduled: 0\/3 nodes are available: 3 Insufficient cpu/,
      false,
    ],
    [
      "no claim",
      pod({
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: 'persistentvolumeclaim "data" not found',
            lastTransitionTime: at(0),
          },
        ],
      }),
      [],
      40,
      /persistentvolumeclaim "data" not found/,
      true,
    ],
    [
      "a probe that fails",
      pod({ phase: "Running" }, [container({ running: {} })]),
      [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
      600,
      /runs but is not ready: Readiness probe failed: .*503/,
      false,
    ],
    [
      "a probe that fails, and restarts",
      pod({ phase: "Running" }, [
        container({ running: {} }, { restartCount: 2, lastState: { terminated: { exitCode: 137, reason: "Error" } } }),
      ]),
      [],
      600,
      /restarted 2 times, and before that it ended with exit code 137/,
      false,
    ],
    [
      "an init container that takes its time",
      pod({ initContainerStatuses: [{ ...container({ running: {} }), name: "migrate" }] }, [waiting("PodInitializing")]),
      [],
      600,
      /init container migrate: has not ended yet/,
      false,
    ],
    [
      "a node that does not answer",
      pod(
        { phase: "Running", conditions: [{ type: "Ready", status: "False", reason: "NodeNotReady", message: "kubelet stopped posting" }] },
        [container({ running: {} }, { ready: true })],
      ),
      [],
      600,
      /is not ready: NodeNotReady: kubelet stopped posting/,
      false,
    ],
    [
      "a run that ended badly",
      pod({ phase: "Failed" }, [container({ terminated: { exitCode: 3, reason: "Error" } })]),
      [],
      1,
      /ended with exit code 3/,
      false,
    ],
  ])("%s", (_, one, events, seconds, text, certain) => {
    const [trouble, ...others] = troublesOf(one, events, START + seconds * 1000);
    expect(others).toEqual([]);
    expect(trouble).toMatchObject({ text: expect.stringMatching(text) as string, certain });
  });

  test("how often a Job's pod may crash is for its Job to say", () => {
    const ofJob = (one: ContainerStatus): Pod => ({ ...pod({}, [one]), spec: { restartPolicy: "OnFailure" } });
    expect(troublesOf(ofJob(crashed(1, "Error", 9)), [], START)).toMatchObject([{ certain: false }]);
    expect(troublesOf(ofJob(crashed(127, "Error", 1)), [], START)).toMatchObject([{ certain: true }]);
  });

  test("a pod that is ready or still starting has none", () => {
    expect(troublesOf(pod({ phase: "Running" }, [container({ running: {} }, { ready: true })]), [], START)).toEqual([]);
    expect(troublesOf(pod({}, [waiting("ContainerCreating")]), [], START)).toEqual([]);
    expect(troublesOf(pod({}), [], START)).toEqual([]);
  });

  test("a crash names the log of the run before, a probe that of this one", () => {
    expect(troublesOf(pod({}, [crashed(1, "Error", 1)]), [], START)[0]?.log).toEqual({
      namespace: "shop",
      pod: "web-1",
      container: "app",
      previous: true,
    });
    expect(troublesOf(pod({ phase: "Running" }, [container({ running: {} })]), [], START)[0]?.log).toMatchObject({ previous: false });
  });
});

describe("why pods cannot be made", () => {
  test.each([
    [
      "a quota that others have used up",
      'pods "web-1" is forbidden: exceeded quota: small, requested: pods=1,requests.cpu=500m, used: pods=4,requests.cpu=1, limited: pods=4,requests.cpu=2',
      600_000,
      false,
    ],
    [
      "a quota that is too small for it",
      'pods "web-1" is forbidden: exceeded quota: small, requested: limits.memory=2Gi, used: limits.memory=0, limited: limits.memory=1Gi',
      0,
      true,
    ],
    [
      "a policy",
      "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: use a digest",
      0,
      true,
    ],
    ["a webhook that says no", 'admission webhook "policy.example" denied the request: no', 0, true],
    [
      "a webhook that does not answer",
      'Internal error occurred: failed calling webhook "policy.example": Post "https://policy.svc": connection refused',
      600_000,
      false,
    ],
    ["pod security", 'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false', 0, true],
    [
      "an account that is to come",
      'pods "web-1" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
      5_000,
      false,
    ],
    [
      "an account that never comes",
      'pods "web-1" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
      40_000,
      true,
    ],
    ["the API server's own trouble", "etcdserver: request timed out", 600_000, false],
  ])("%s", (_, message, forMs, certain) => {
    expect(judge(`Error creating: ${message}`, forMs)).toEqual({ text: expect.stringContaining(message) as string, certain });
  });

  test("the last event tells, and for how long", () => {
    const events = [
      event("FailedCreate", "Error creating: old", 1),
      event("FailedCreate", 'Error creating: serviceaccount "web" not found', 50),
      event("SuccessfulCreate", "Created pod: web-2", 60),
    ];
    expect(creationTrouble(events, START + 60_000)).toMatchObject({
      text: expect.stringContaining("serviceaccount") as string,
      certain: true,
    });
    expect(creationTrouble([event("SuccessfulCreate", "Created pod: web-2")], START)).toBeNull();
  });

  test.each([
    ["500m", 0.5],
    ["2Gi", 2 ** 31],
    ["1e3", 1000],
    ["1k", 1000],
    ["0.5", 0.5],
    ["3", 3],
    ["x", null],
    ["1Zi", null],
    ["", null],
  ])("the quantity %s is %d", (text, value) => {
    expect(quantity(text)).toBe(value);
  });
});
