import type { Schemas } from "../../contract/client.ts";
import { paintStatus, type Colors } from "../output/paint.ts";
import { clock, duration, safe, truncate } from "../output/text.ts";
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

type Why = Pick<Step, "waitingFor" | "reason">;

/** Why a step waits or ended as it did, in a line: the first of an explanation that has several. Empty where there is nothing to say. */
export const whyOf = (step: Why): string => explained(step)[0]?.trim() ?? "";

/** Lines of an explanation that are shown below its first, and how wide each may be; its step's log has more. */
const MOST_LINES = 30;
const MOST_COLUMNS = 300;

/** What an explanation of several lines says below its first. */
export function moreOf(step: Why): readonly string[] {
  const rest = explained(step).slice(1);
  const more = rest.length - MOST_LINES;
  return [...rest.slice(0, MOST_LINES).map((line) => truncate(line, MOST_COLUMNS)), ...(more > 0 ? [`and ${more} more lines`] : [])];
}

/** Its lines, each as far in as it was. */
function explained({ waitingFor, reason }: Why): readonly string[] {
  const lines = ((waitingFor ?? reason)?.message ?? "").split("\n");
  return lines.flatMap((line) => {
    const text = safe(line);
    return text === "" ? [] : [`${" ".repeat(Math.min(line.search(/\S/), 12))}${text}`];
  });
}

export function took(step: Pick<Step, "startedAt" | "endedAt">): string {
  return step.startedAt === null || step.endedAt === null ? "" : duration(Date.parse(step.endedAt) - Date.parse(step.startedAt));
}

/** `deploy:api@mainnet succeeded in 2.1s`, `verify:api@mainnet failed: …`, `deploy:web@mainnet waits for api@mainnet, run 42`; an explanation of several lines goes on below. */
export function stepLine(step: Step, colors: Colors): string {
  if (step.status === "waiting") return `${step.id} ${paintStatus("waiting", colors, whyOf(step) || "waits")}`;
  const status = paintStatus(step.status, colors);
  const why = whyOf(step);
  const time = took(step);
  const more = moreOf(step).map((line) => `\n      ${line}`);
  return `${step.id} ${status}${why ? `: ${why}` : time && step.status === "succeeded" ? ` in ${time}` : ""}${more.join("")}`;
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
