import { describe, expect, test } from "vitest";
import { concernsApprovals, concernsWaiting, patchEnvironments, patchRun, patchRuns, patchTargets } from "../../../web/src/lib/patches.ts";
import { type Patch, Recent } from "../../../web/src/lib/recent.ts";
import { AT, run, step, target } from "./rows.ts";

const stepPatch = (id: string, status: Parameters<typeof step>[1], more: Parameters<typeof step>[2] = {}): Patch => {
  const { needs: _needs, attempts: _attempts, ...row } = step(id, status, more);
  return { table: "step", row: { ...row, run: "1" } };
};

describe("a run", () => {
  const waiting = step("deploy:api@mainnet", "waiting", {
    needs: ["gate:mainnet"],
    waitingFor: { code: "approval", message: "waits for a decision", since: AT },
  });
  const before = run("1", [step("build:mega", "succeeded"), waiting]);

  test("a step's patch takes away what it no longer says, and keeps needs and attempts", () => {
    const after = patchRun(before, [stepPatch("deploy:api@mainnet", "running")]);
    expect(after.steps[1]).toEqual(step("deploy:api@mainnet", "running", { needs: ["gate:mainnet"] }));
    expect(after.steps[0]).toBe(before.steps[0]);
  });

  test("attempts are added by id, and changed in place", () => {
    const attempt = (outcome: "failed" | null): Patch => ({
      table: "attempt",
      row: { id: "x1", outcome, startedAt: AT, endedAt: null, run: "1", step: "deploy:api@mainnet", joined: [] },
    });
    const after = patchRun(patchRun(before, [attempt(null)]), [attempt("failed")]);
    expect(after.steps[1]?.attempts).toEqual([{ id: "x1", outcome: "failed", startedAt: AT, endedAt: null, joined: [] }]);
  });

  test("an attempt of another run that its step has joined is its attempt too, and one that it has not is none", () => {
    const attempt = (joined: { run: string; step: string }[]): Patch => ({
      table: "attempt",
      row: { id: "x1", outcome: null, startedAt: AT, endedAt: null, run: "2", step: "deploy:api@mainnet", joined },
    });
    const after = patchRun(before, [attempt([{ run: "1", step: "deploy:api@mainnet" }])]);
    expect(after.steps[1]?.attempts.map(({ id }) => id)).toEqual(["x1"]);
    expect(after.steps[0]).toBe(before.steps[0]);
    expect(patchRun(before, [attempt([{ run: "3", step: "deploy:api@mainnet" }])]).steps[1]).toBe(before.steps[1]);
  });

  test("its own row changes and its steps stay", () => {
    const { steps: _steps, ...row } = run("1", [], { status: "succeeded", endedAt: AT });
    const after = patchRun(before, [{ table: "run", row }]);
    expect(after).toMatchObject({ status: "succeeded", endedAt: AT });
    expect(after.steps).toBe(before.steps);
  });

  test("what concerns another run leaves it the very same", () => {
    const other = stepPatch("deploy:api@mainnet", "failed");
    expect(patchRun(before, [{ ...other, row: { ...other.row, run: "2" } } as Patch])).toBe(before);
    const { steps: _steps, ...row } = run("2", []);
    expect(patchRun(before, [{ table: "run", row }])).toBe(before);
    expect(patchRuns([before], [{ table: "run", row }])).toEqual([before]);
  });
});

test("targets are replaced, and new ones come at the end", () => {
  const api = target("api@devnet");
  const web = target("web@devnet");
  const degraded = target("api@devnet", { health: "degraded" });
  const added = target("web@mainnet");
  expect(
    patchTargets(
      [api, web],
      [
        { table: "target", row: degraded },
        { table: "target", row: added },
      ],
    ),
  ).toEqual([degraded, web, added]);
  const same = [api, web];
  expect(patchTargets(same, [])).toBe(same);
});

test("of a target that changed twice in one frame the last row counts", () => {
  const rows = ["progressing", "healthy"] as const;
  const changes = rows.map((health): Patch => ({ table: "target", row: target("api@devnet", { health }) }));
  expect(patchTargets([target("api@devnet")], changes)[0]?.health).toBe("healthy");
});

test("an environment keeps what policy says of it", () => {
  const mainnet = { id: "mainnet", needs: ["devnet"], gate: true, hold: null, lock: null, freeze: null, rollback: null };
  const hold = { by: "ana", at: AT, reason: "broken", run: null };
  const row = { id: "mainnet", hold, lock: null, freeze: null, rollback: "7" };
  expect(patchEnvironments([mainnet], [{ table: "environment", row }])).toEqual([{ ...mainnet, hold, rollback: "7" }]);
});

test("an environment's lock and freeze come and go", () => {
  const mainnet = { id: "mainnet", needs: ["devnet"], gate: true, hold: null, lock: null, freeze: null, rollback: null };
  const lock = { by: "ana", at: AT, reason: "audit", until: null };
  const freeze = { until: AT, reason: "weekend" };
  const row = { id: "mainnet", hold: null, lock, freeze, rollback: null };
  const stopped = patchEnvironments([mainnet], [{ table: "environment", row }]);
  expect(stopped).toEqual([{ ...mainnet, lock, freeze }]);
  expect(patchEnvironments(stopped, [{ table: "environment", row: { ...row, lock: null, freeze: null } }])).toEqual([mainnet]);
});

test("what waits for approval is looked at again when a gate, a decision, a rendering or a member changes, and not for each step", () => {
  const members = new Set(["api@mainnet"]);
  expect(concernsApprovals("attempt.ended", [stepPatch("deploy:api@devnet", "succeeded")], members)).toBe(false);
  expect(concernsApprovals("attempt.ended", [stepPatch("verify:api@mainnet", "succeeded")], members)).toBe(false);
  expect(concernsApprovals("attempt.ended", [stepPatch("deploy:api@mainnet", "blocked")], members)).toBe(true);
  expect(concernsApprovals("attempt.ended", [stepPatch("gate:mainnet", "waiting")], members)).toBe(true);
  expect(concernsApprovals("render.known", [], members)).toBe(true);
});

test("what waits is looked at again when a step begins to wait, and when a listed one does not any more", () => {
  const listed = new Set(["1 deploy:api@mainnet"]);
  expect(concernsWaiting([stepPatch("deploy:web@mainnet", "waiting")], listed)).toBe(true);
  expect(concernsWaiting([stepPatch("deploy:api@mainnet", "running")], listed)).toBe(true);
  expect(concernsWaiting([stepPatch("deploy:web@mainnet", "running")], listed)).toBe(false);
});

describe("changes that came while an answer was on its way", () => {
  const change = (name: string): Patch => ({ table: "target", row: target(`${name}@devnet`) });

  test("are those since the mark", () => {
    const recent = new Recent();
    recent.add([change("a")]);
    const mark = recent.mark();
    recent.add([change("b"), change("c")]);
    expect(recent.since(mark)).toEqual([change("b"), change("c")]);
    expect(recent.since(recent.mark())).toEqual([]);
  });

  test("are kept as far as a slow answer may need them, and no further", () => {
    const recent = new Recent();
    for (let i = 0; i < 41_000; i++) recent.add([change(`s${i}`)]);
    const kept = recent.since(0);
    expect(kept.length).toBeGreaterThanOrEqual(20_000);
    expect(kept.length).toBeLessThan(40_000);
    expect(kept.at(-1)).toEqual(change("s40999"));
    expect(recent.since(40_999)).toEqual([change("s40999")]);
  });
});
