import type { Schemas } from "../../../src/contract/client.ts";

export type StepStatus = Schemas["StepStatus"];
export type RunStatus = Schemas["RunStatus"];
export type HealthState = Schemas["HealthState"];
/** Every state that the page shows, each with an icon and its own word. */
export type State = StepStatus | RunStatus | HealthState;

/** A group of colours; never the only thing that tells states apart. */
export type Tone = "success" | "danger" | "attention" | "accent" | "muted";

const tones: Readonly<Record<State, Tone>> = {
  queued: "muted",
  pending: "muted",
  waiting: "attention",
  running: "accent",
  succeeded: "success",
  failed: "danger",
  errored: "danger",
  blocked: "danger",
  skipped: "muted",
  superseded: "muted",
  cancelled: "muted",
  healthy: "success",
  progressing: "accent",
  degraded: "danger",
  unknown: "attention",
  none: "muted",
};
export const toneOf = (state: State): Tone => tones[state];

const steps: Readonly<Record<StepStatus, "open" | "fine" | "wrong" | "left">> = {
  pending: "open",
  waiting: "open",
  running: "open",
  succeeded: "fine",
  skipped: "fine",
  failed: "wrong",
  errored: "wrong",
  blocked: "wrong",
  superseded: "left",
  cancelled: "left",
};
export const stepEnded = (status: StepStatus): boolean => steps[status] !== "open";
export const stepWrong = (status: StepStatus): boolean => steps[status] === "wrong";

const runs: Readonly<Record<RunStatus, boolean>> = {
  queued: false,
  running: false,
  waiting: false,
  succeeded: true,
  failed: true,
  cancelled: true,
  superseded: true,
};
export const runEnded = (status: RunStatus): boolean => runs[status];
export const runStatuses = Object.keys(runs) as readonly RunStatus[];
