import { paintStatus, type Colors } from "../output/paint.ts";
import { clock, displayWidth, elapsed, truncate } from "../output/text.ts";
import { stepLine, tally, waitsForNews, whyOf, type Reporter } from "./reporter.ts";
import { hasEnded, type RunView, type Step, type StepChange } from "./view.ts";

type Screen = { write(text: string): void; readonly columns: number };

/** Steps shown at once; the summary counts the others. */
const MOST = 8;
const BAD: ReadonlySet<string> = new Set(["failed", "errored", "blocked"]);

/** A few lines that are drawn over: what runs, what waits for somebody, and a summary. What went wrong stays above them. */
export function liveReporter(screen: Screen, colors: Colors, now: () => number): Reporter {
  let drawn = 0;
  let view: RunView | null = null;

  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\r\u001b[J`);
  const draw = (above: readonly string[]): void => {
    const lines = view === null ? [] : block(view, screen.columns, colors, now());
    screen.write(erase() + [...above, ...lines].map((line) => `${line}\n`).join(""));
    drawn = lines.length;
  };
  // Times go on where nothing happens.
  const timer = setInterval(() => draw([]), 1_000);
  timer.unref();

  return {
    changed(now_, changes) {
      view = now_;
      draw(changes.filter((change) => stays(change)).map(({ at, step }) => `${colors.dim(clock(at))} ${stepLine(step, colors)}`));
    },
    say: (line) => draw([line]),
    close() {
      clearInterval(timer);
      screen.write(erase());
      drawn = 0;
    },
  };
}

const stays = ({ step }: StepChange): boolean =>
  BAD.has(step.status) || ((step.kind === "gate" || step.kind === "build") && hasEnded(step));

function block(view: RunView, columns: number, colors: Colors, now: number): readonly string[] {
  const { run } = view;
  const open = run.steps.filter((step) => step.status === "running" || step.status === "waiting");
  const shown = [...open.filter((step) => step.status === "running"), ...open.filter(waitsForNews)].slice(0, MOST);
  const counts = tally(run.steps);
  const done = run.steps.filter(hasEnded).length;
  const parts = [
    `run ${run.id}`,
    `${done}/${run.steps.length} steps`,
    ...(["running", "waiting", "failed", "errored", "blocked"] as const).flatMap((status) =>
      counts[status] ? [`${counts[status]} ${status}`] : [],
    ),
    elapsed(now - Date.parse(run.createdAt)),
  ];
  return [...shown.map((step) => line(step, columns, colors, now)), colors.bold(truncate(parts.join(" · "), columns - 1))];
}

function line(step: Step, columns: number, colors: Colors, now: number): string {
  const since = step.status === "running" ? step.startedAt : (step.waitingFor?.since ?? null);
  const time = since === null ? "" : elapsed(now - Date.parse(since));
  const word = step.status === "running" ? "running" : whyOf(step);
  const room = columns - 1 - displayWidth(step.id) - displayWidth(time) - 4;
  if (room < 8) return truncate(`  ${step.id}`, columns - 1);
  return `  ${step.id} ${paintStatus(step.status, colors, truncate(word, room))} ${colors.dim(time)}`;
}
