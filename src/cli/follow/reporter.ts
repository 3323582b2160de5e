import type { Schemas } from "../../contract/client.ts";
import { paintStatus, type Colors } from "../output/paint.ts";
import { clock, duration, safe } from "../output/text.ts";
import type { RunView, Step, StepChange } from "./view.ts";

/** Shows a run while it goes on. */
export interface Reporter {
  changed(view: RunView, changes: readonly StepChange[]): void;
  /** A line that stays. */
  say(line: string): void;
  close(): void;
}

/** Waits that end by themselves in a moment, or are no more than the order of steps. */
const ORDINARY: ReadonlySet<string> = new Set(["step", "wave", "observing", "comparing", "rendering"]);

/** Whether a step waits for what a person who reads along wants to know of. Members behind a gate wait as the gate does, which says it once. */
export function waitsForNews(step: Step): boolean {
  const code = step.waitingFor?.code;
  if (step.status !== "waiting" || code === undefined || ORDINARY.has(code)) return false;
  return code !== "approval" || step.kind === "gate";
}

/** Whether a person who reads along wants to know. */
export function isNews({ step }: StepChange): boolean {
  return step.status === "waiting" ? waitsForNews(step) : step.status !== "pending";
}

/** Why a step waits or ended as it did; empty where there is nothing to say. */
export function whyOf(step: Pick<Step, "waitingFor" | "reason">): string {
  return safe((step.waitingFor ?? step.reason)?.message ?? "");
}

export function took(step: Pick<Step, "startedAt" | "endedAt">): string {
  return step.startedAt === null || step.endedAt === null ? "" : duration(Date.parse(step.endedAt) - Date.parse(step.startedAt));
}

/** `deploy:api@mainnet succeeded in 2.1s`, `verify:api@mainnet failed: …`, `deploy:web@mainnet waits for api@mainnet, run 42`. */
export function stepLine(step: Step, colors: Colors): string {
  if (step.status === "waiting") return `${step.id} ${paintStatus("waiting", colors, whyOf(step) || "waits")}`;
  const status = paintStatus(step.status, colors);
  const why = whyOf(step);
  const time = took(step);
  return `${step.id} ${status}${why ? `: ${why}` : time && step.status === "succeeded" ? ` in ${time}` : ""}`;
}

/** One line for each change, with the time at which it happened: for logs and pipes. */
export function plainReporter(write: (text: string) => void, colors: Colors): Reporter {
  return {
    changed(_view, changes) {
      for (const change of changes.filter(isNews)) write(`${colors.dim(clock(change.at))} ${stepLine(change.step, colors)}\n`);
    },
    say: (line) => write(`${line}\n`),
    close: () => {},
  };
}

/** How many steps of a run have which status. */
export function tally(steps: readonly Step[]): Readonly<Partial<Record<Schemas["StepStatus"], number>>> {
  const counts: Partial<Record<Schemas["StepStatus"], number>> = {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
