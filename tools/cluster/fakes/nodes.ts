import { patchStatus, stage } from "./stage.ts";

/** A node with the annotation `fake/node: down` is not ready. */
const DOWN = `.metadata.annotations["fake/node"] == "down"`;
const READY = `any(.status.conditions[]?; .type == "Ready" and .status == "True")`;

const conditions = (changed: boolean): string =>
  `conditions: [{{ range NodeConditions }} {type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}${changed ? ", lastTransitionTime: {{ $now | Quote }}" : ""}}, {{ end }}]`;

const ROOM = `{cpu: "64", memory: 256Gi, pods: "1000"}`;

/** What a kubelet would write about its node. */
export const nodeStages = [
  stage("Node", "ready", `(${READY} or ${DOWN}) | not`, [
    patchStatus(
      "{{ $now := Now }}",
      conditions(true),
      "addresses: [{type: InternalIP, address: {{ NodeIP | Quote }}}, {type: Hostname, address: {{ NodeName | Quote }}}]",
      // where the API server asks for logs
      "daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}",
      `allocatable: ${ROOM}`,
      `capacity: ${ROOM}`,
      `nodeInfo: {architecture: amd64, operatingSystem: linux, kubeletVersion: fake, containerRuntimeVersion: fake, kernelVersion: fake, kubeProxyVersion: "", osImage: fake, bootID: "", machineID: "", systemUUID: ""}`,
    ),
  ]),
  stage("Node", "heartbeat", `${READY} and (${DOWN} | not)`, [patchStatus("{{ $now := Now }}", conditions(false))], { ms: 15_000 }),
  stage("Node", "down", `${READY} and ${DOWN}`, [
    patchStatus(
      "{{ $now := Now }}",
      "conditions: [{type: Ready, status: 'False', reason: KubeletNotReady, message: the node was made to fail, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}]",
    ),
  ]),
];
