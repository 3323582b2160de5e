import { describe, expect, test } from "vitest";
import type { Schemas } from "../../../src/contract/client.ts";
import { liveReporter } from "../../../src/cli/follow/live.ts";
import { isNews, moreOf, plainReporter, stepLine, whyOf } from "../../../src/cli/follow/reporter.ts";
import { type RunDetail, RunView, type Step, type StreamEvent } from "../../../src/cli/follow/view.ts";
import { colorsOf } from "../../../src/cli/output/paint.ts";
import { displayWidth } from "../../../src/cli/output/text.ts";

const AT = "2026-01-31T09:30:00.000Z";
const LATER = "2026-01-31T09:31:00.000Z";
const COMMIT = "4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d";

const step = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  kind: id.split(":")[0] as Step["kind"],
  status: "pending",
  joined: null,
  needs: [],
  attempts: [],
  startedAt: null,
  endedAt: null,
  ...more,
});
const waiting = (code: string, more: Partial<Schemas["Waiting"]> = {}): Partial<Step> => ({
  status: "waiting",
  waitingFor: { code, message: `waits for ${code}`, since: AT, ...more },
});
const run = (steps: Step[], more: Partial<RunDetail> = {}): RunDetail => ({
  id: "7",
  kind: "deploy",
  status: "running",
  commit: COMMIT,
  by: "ana",
  reason: null,
  createdAt: AT,
  startedAt: AT,
  endedAt: null,
  environments: ["devnet"],
  promotion: "wave",
  retryOf: null,
  snapshot: null,
  cause: null,
  stopped: null,
  steps,
  ...more,
});
const stepEvent = (seq: number, row: Step, of = "7"): StreamEvent => {
  const { needs: _needs, attempts: _attempts, ...patch } = row;
  return { seq, at: LATER, type: "attempt.ended", run: of, changes: [{ table: "step", row: { ...patch, run: of } }] };
};

describe("an explanation of several lines", () => {
  const message =
    "2 of 3 are not ready:\n  pod api-1: CrashLoopBackOff, exit code 3\n    | no such\u001b[2J table\n\n  pod api-2: unschedulable";
  const failed = step("deploy:api@devnet", { status: "failed", reason: { code: "attempt", message } });

  test("goes on below its first line, as far in as it was, and drives no terminal", () => {
    expect(whyOf(failed)).toBe("2 of 3 are not ready:");
    expect(stepLine(failed, colorsOf(false))).toBe(
      [
        "deploy:api@devnet failed: 2 of 3 are not ready:",
        "        pod api-1: CrashLoopBackOff, exit code 3",
        "          | no such table",
        "        pod api-2: unschedulable",
      ].join("\n"),
    );
  });

  test("of any length is bounded", () => {
    const long = `first\n${"x".repeat(10_000)}\n${"line\n".repeat(500)}`;
    const lines = moreOf(step("deploy:api@devnet", { status: "failed", reason: { code: "attempt", message: long } }));
    expect(lines).toHaveLength(31);
    expect(lines[0]).toHaveLength(300);
    expect(lines.at(-1)).toBe("and 471 more lines");
  });

  test("is one line where there is room for one only", () => {
    let shown = "";
    const reporter = liveReporter({ write: (text) => (shown += text), columns: 80 }, colorsOf(false), () => Date.parse(LATER));
    const view = new RunView(run([step("deploy:api@devnet", { ...waiting("need", { message: "waits\nfor two things" }) })]));
    reporter.changed(view, []);
    reporter.close();
    expect(shown).toContain("deploy:api@devnet waits ");
    expect(shown).not.toContain("two things");
  });
});

describe("a run that is followed", () => {
  test("a step's new state takes the place of the old one, with needs and attempts kept", () => {
    const view = new RunView(run([step("deploy:api@devnet", { ...waiting("need"), needs: ["build:app"] })]));
    const changes = view.apply(stepEvent(1, step("deploy:api@devnet", { status: "running", startedAt: LATER })));
    expect(changes).toMatchObject([{ at: LATER, before: "waiting", step: { status: "running", needs: ["build:app"] } }]);
    expect(view.steps[0]).not.toHaveProperty("waitingFor");
  });

  test("what changes nothing to see is no change, and other runs are not this one's", () => {
    const view = new RunView(run([step("deploy:api@devnet")]));
    expect(view.apply(stepEvent(1, step("deploy:api@devnet")))).toEqual([]);
    expect(view.apply(stepEvent(2, step("deploy:api@devnet", { status: "running", startedAt: AT }), "8"))).toEqual([]);
    expect(view.steps[0]?.status).toBe("pending");
  });

  test("an event that is older than what was fetched changes nothing", () => {
    const ended = step("deploy:api@devnet", { status: "succeeded", startedAt: AT, endedAt: LATER });
    const view = new RunView(run([ended]));
    expect(view.apply(stepEvent(1, step("deploy:api@devnet", { status: "running", startedAt: AT })))).toEqual([]);
    expect(view.apply(stepEvent(2, step("deploy:api@devnet", waiting("queue"))))).toEqual([]);
    expect(view.steps[0]?.status).toBe("succeeded");
  });

  test("attempts are told beside their steps, the last word of each is kept", () => {
    const view = new RunView(run([step("deploy:api@devnet")]));
    const attempt = (endedAt: string | null, outcome: "succeeded" | null): StreamEvent => ({
      seq: 1,
      at: AT,
      type: "x",
      run: "7",
      changes: [{ table: "attempt", row: { id: "a1", run: "7", step: "deploy:api@devnet", startedAt: AT, endedAt, outcome, joined: [] } }],
    });
    view.apply(attempt(null, null));
    view.apply(attempt(LATER, "succeeded"));
    view.apply(attempt(null, null));
    expect(view.steps[0]?.attempts).toEqual([{ id: "a1", startedAt: AT, endedAt: LATER, outcome: "succeeded", joined: [] }]);
  });

  test("an attempt of another run that a step has joined is that step's too", () => {
    const view = new RunView(run([step("deploy:api@devnet")]));
    const attempt = { id: "b1", run: "8", step: "deploy:api@devnet", startedAt: AT, endedAt: null, outcome: null };
    const event = (joined: { run: string; step: string }[]): StreamEvent => ({
      seq: 1,
      at: AT,
      type: "x",
      run: "8",
      changes: [{ table: "attempt", row: { ...attempt, joined } }],
    });
    view.apply(event([]));
    expect(view.steps[0]?.attempts).toEqual([]);
    view.apply(event([{ run: "7", step: "deploy:api@devnet" }]));
    expect(view.steps[0]?.attempts.map(({ id }) => id)).toEqual(["b1"]);
  });

  test("once ended, it stays as it ended", () => {
    const view = new RunView(run([], { status: "succeeded" }));
    const { steps: _steps, ...row } = run([], { status: "running" });
    view.apply({ seq: 1, at: AT, type: "x", run: "7", changes: [{ table: "run", row }] });
    expect(view.status).toBe("succeeded");
  });
});

describe("at a gate", () => {
  const at = (status: RunDetail["status"], ...steps: Partial<Step>[]): boolean =>
    new RunView(
      run(
        steps.map((more, index) => step(`deploy:s${index}@devnet`, more)),
        { status },
      ),
    ).atGate;

  test("a decision is awaited, and all else waits behind it", () =>
    expect(at("waiting", waiting("approval"), waiting("wave"), waiting("step"))).toBe(true));
  test("something runs", () => expect(at("running", waiting("approval"), { status: "running" })).toBe(false));
  test("something that nobody has to end is awaited, too", () => {
    for (const code of ["queue", "comparing", "rendering", "observing", "unsafe-order"])
      expect(at("waiting", waiting("approval"), waiting(code))).toBe(false);
  });
  test("a wait that ends at some time, with or without a person", () =>
    expect(at("waiting", waiting("approval"), waiting("need", { until: LATER }))).toBe(false));
  test("a need that something else brings is no gate", () => expect(at("waiting", waiting("need"))).toBe(false));
  test("a hold is a person's, too", () => expect(at("waiting", waiting("hold"), waiting("approval"))).toBe(true));
  test("a lock is a person's, too, unless it ends by itself", () => {
    expect(at("waiting", waiting("lock"), waiting("step"))).toBe(true);
    expect(at("waiting", waiting("lock", { until: LATER }), waiting("step"))).toBe(false);
  });
});

describe("plain lines", () => {
  const linesOf = (changes: { step: Step; at: string; before: "pending" }[]): string[] => {
    let text = "";
    plainReporter((piece) => (text += piece), colorsOf(false)).changed(new RunView(run([])), changes);
    return text.split("\n").filter((line) => line !== "");
  };
  const change = (one: Step) => ({ at: AT, before: "pending" as const, step: one });

  test("one for each change, with the time, and with why where there is a why", () => {
    const lines = linesOf([
      change(step("deploy:api@devnet", { status: "running", startedAt: AT })),
      change(step("deploy:api@devnet", { status: "succeeded", startedAt: AT, endedAt: "2026-01-31T09:30:02.000Z" })),
      change(step("deploy:web@devnet", { status: "blocked", reason: { code: "step-ended", message: "deploy:api@devnet failed" } })),
    ]);
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""))).toEqual([
      "deploy:api@devnet running",
      "deploy:api@devnet succeeded in 2.0s",
      "deploy:web@devnet blocked: deploy:api@devnet failed",
    ]);
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d /);
  });

  test("the gate waits once, not once for each member behind it; the mere order of steps is no news", () => {
    expect(isNews(change(step("gate:mainnet", waiting("approval"))))).toBe(true);
    expect(isNews(change(step("deploy:api@mainnet", waiting("approval"))))).toBe(false);
    expect(isNews(change(step("deploy:api@mainnet", waiting("step"))))).toBe(false);
    expect(isNews(change(step("deploy:api@mainnet", waiting("queue"))))).toBe(true);
  });
});

describe("live lines", () => {
  test("are drawn over, fit the terminal, and leave behind what went wrong", () => {
    let screen = "";
    const width = 60;
    const reporter = liveReporter({ write: (text) => (screen += text), columns: width }, colorsOf(false), () => Date.parse(LATER));
    try {
      const many = Array.from({ length: 30 }, (_, index) =>
        step(`deploy:service-with-a-long-name-${index}@devnet`, { status: "running", startedAt: AT }),
      );
      const view = new RunView(run(many));
      reporter.changed(view, []);
      const first = screen;
      expect(first.split("\n").length).toBeLessThan(12);
      for (const line of first.split("\n")) expect(displayWidth(line)).toBeLessThan(width);
      screen = "";
      const failed = step(many[0]?.id ?? "", {
        status: "failed",
        startedAt: AT,
        endedAt: LATER,
        reason: { code: "attempt", message: "exit 3" },
      });
      reporter.changed(view, view.apply(stepEvent(1, failed)));
      const height = first.split("\n").length - 1;
      expect(screen.startsWith(`\u001b[${height}A\r\u001b[J`)).toBe(true);
      expect(screen).toContain("deploy:service-with-a-long-name-0@devnet failed: exit 3\n");
      expect(screen).toContain("1 failed");
    } finally {
      reporter.close();
    }
    expect(screen.endsWith("\u001b[J")).toBe(true);
  });
});
