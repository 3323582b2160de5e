import type { Health } from "../../core/run/rows.ts";
import type { KubeObject } from "../objects.ts";

/** What a look at some objects has found. */
export type Assessment = {
  readonly health: Health;
  /** It will not become healthy by waiting. */
  readonly certain: boolean;
  /** One line for a person. */
  readonly summary: string;
  /** What is wrong or still missing, one line each, the log's last lines indented below. */
  readonly problems: readonly string[];
  /** Pods that are not ready, will not be, and hold up their workload until they are deleted. */
  readonly stuck?: readonly KubeObject[];
};

/** What one object's own status says. */
export type Verdict =
  | { readonly state: "ready" }
  | { readonly state: "progressing" | "degraded"; readonly text: string }
  /** It does not get better by waiting. */
  | { readonly state: "failed"; readonly text: string };

/** Why a workload is not ready, as its pods and events tell. */
export type Trouble = {
  readonly text: string;
  readonly certain: boolean;
  /** The container whose last lines explain it, and whether they are of its run before this one. */
  readonly log: { readonly namespace: string; readonly pod: string; readonly container: string; readonly previous: boolean } | null;
  readonly pod?: KubeObject;
  /** Its pod holds up all others, and waiting does not help. */
  readonly isStuck?: boolean;
};

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
};
export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  (object["status"] as { readonly conditions?: readonly Condition[] } | undefined)?.conditions?.find((one) => one.type === type);

type State = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly signal?: number; readonly reason?: string; readonly message?: string };
};
export type ContainerStatus = {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: State;
  readonly lastState?: State;
};
export type Pod = KubeObject & {
  readonly spec?: { readonly restartPolicy?: string; readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
};
export type KubeEvent = KubeObject & {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly uid?: string };
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string } | null;
};

/** When it was told last, in ms since 1970. */
export const timeOf = (event: KubeEvent): number =>
  Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "") || 0;
