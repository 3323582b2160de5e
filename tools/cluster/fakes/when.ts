import { BEHAVIOURS, type Behaviour } from "./behaviours.ts";

/** Conditions on a pod, as jq. */
const WORDS = Object.keys(BEHAVIOURS).filter((word) => word !== "ready");

/** The pod's behaviour. An image's digest is cut off, so that it says nothing. */
const BEHAVIOUR = [
  `.metadata.annotations["fake/pod"]`,
  `(if .metadata.annotations["fake/ready-after"] then "slow" else null end)`,
  `([.spec.containers[].image | split("/")[-1] | split("@")[0] | capture("(^|[-_.:])(?<word>${WORDS.join("|")})($|[-_.:])").word] | .[0])`,
  `"ready"`,
].join(" // ");

export const all = (...conditions: readonly string[]): string => conditions.join(" and ");
export const not = (condition: string): string => `((${condition}) | not)`;

/** The pod behaves in one of these ways. */
export const is = (...behaviours: readonly Behaviour[]): string =>
  `((${BEHAVIOUR}) | ${behaviours.map((one) => `. == "${one}"`).join(" or ")})`;

/** Nobody has deleted it. */
export const KEPT = ".metadata.deletionTimestamp == null";
/** It has a node, which has not begun with it. */
export const NEW = all(KEPT, ".spec.nodeName != null", `.status.phase == "Pending"`, ".status.containerStatuses == null");
export const RUNNING = all(KEPT, ".status.containerStatuses[0].state.running != null");
export const READY = ".status.containerStatuses[0].ready == true";
export const waitsFor = (reason: string): string => all(KEPT, `.status.containerStatuses[0].state.waiting.reason == "${reason}"`);
export const restartedAtLeast = (times: number): string => `.status.containerStatuses[0].restartCount >= ${times}`;
/** Its containers are not started again when they end: a Job's or a hook's may be so. */
export const RUNS_ONCE = `.spec.restartPolicy == "Never"`;
export const RUNS_TO_AN_END = `.spec.restartPolicy != "Always"`;
