import { describe, expect, test } from "vitest";
import { textChange } from "../../../web/src/lib/text-change.ts";
import { questionsOf, setChange } from "../../../web/src/features/approvals/model.ts";
import { fleetRows } from "../../../web/src/features/fleet/model.ts";
import { lanesOf, progressOf, sameReasons, supersededBy, troubleOf, waitsOf } from "../../../web/src/features/run/lanes-model.ts";
import { outlineOf } from "../../../web/src/features/runs/plan-model.ts";
import { endsBy, matches } from "../../../web/src/features/waiting/model.ts";
import { approval, AT, run, step, target } from "./rows.ts";

const environments = [{ id: "devnet" }, { id: "mainnet" }];
const waits = (message: string, since = AT) => ({ waitingFor: { code: "approval", message, since } });

describe("fleet", () => {
  const targets = [target("web@mainnet"), target("api@devnet"), target("api@mainnet")];

  test("a row a service by name, a cell an environment, empty where it has no target", () => {
    const rows = fleetRows(environments, targets, [], "");
    expect(rows.map((row) => [row.service, ...row.cells.map((cell) => cell?.target.environment ?? null)])).toEqual([
      ["api", "devnet", "mainnet"],
      ["web", null, "mainnet"],
    ]);
  });

  test("a filter finds parts of names, whatever their case", () => {
    expect(fleetRows(environments, targets, [], " WE").map((row) => row.service)).toEqual(["web"]);
    expect(fleetRows(environments, targets, [], "nothing")).toEqual([]);
  });

  test("a target shows the step that comes next of the newest run, a running one before all", () => {
    const newest = run("3", [
      step("deploy:api@mainnet", "pending"),
      step("verify:api@mainnet", "pending"),
      step("deploy:api@devnet", "succeeded"),
    ]);
    const older = run("2", [step("deploy:api@mainnet", "waiting", waits("waits for a decision")), step("verify:api@devnet", "running")]);
    const now = fleetRows(environments, targets, [newest, older], "api")[0]?.cells.map((cell) => cell?.now);
    expect(now).toEqual([
      { run: "2", step: "verify:api@devnet", kind: "verify", status: "running", why: null },
      { run: "2", step: "deploy:api@mainnet", kind: "deploy", status: "waiting", why: "waits for a decision" },
    ]);
  });

  test("what the target itself says to run there comes first", () => {
    const busy = target("api@devnet", { running: { run: "9", step: "deploy:api@devnet", status: "running" } });
    const open = run("3", [step("verify:api@devnet", "waiting")]);
    expect(fleetRows(environments, [busy], [open], "")[0]?.cells[0]?.now).toMatchObject({ run: "9", kind: "deploy" });
  });
});

describe("lanes", () => {
  const steps = [
    step("build:mega", "succeeded"),
    step("deploy:api@devnet", "succeeded"),
    step("verify:api@devnet", "succeeded"),
    step("gate:mainnet", "waiting"),
    step("deploy:web@mainnet", "pending"),
    step("deploy:api@mainnet", "waiting"),
    step("soak:api@mainnet", "pending"),
  ];
  const lanes = lanesOf(run("1", steps));

  test("columns are the kinds that an environment has, in the order in which they happen", () => {
    expect(lanes.columns.map(({ environment, kind }) => `${kind} ${environment}`)).toEqual([
      "deploy devnet",
      "verify devnet",
      "deploy mainnet",
      "soak mainnet",
    ]);
  });

  test("rows are services in the plan's order, with a hole where there is no step", () => {
    expect(lanes.rows.map(({ service, cells }) => [service, ...cells.map((cell) => cell?.id ?? null)])).toEqual([
      ["api", "deploy:api@devnet", "verify:api@devnet", "deploy:api@mainnet", "soak:api@mainnet"],
      ["web", null, null, "deploy:web@mainnet", null],
    ]);
  });

  test("builds and gates stand by themselves, also the build of one environment", () => {
    expect(lanes.environments.map(({ id, gate }) => [id, gate?.id ?? null])).toEqual([
      ["devnet", null],
      ["mainnet", "gate:mainnet"],
    ]);
    const own = { ...step("build:web@mainnet", "running"), target: undefined };
    expect(lanesOf(run("1", [own as never])).builds.map(({ id }) => id)).toEqual(["build:web@mainnet"]);
  });

  test("a cause comes before what it blocked", () => {
    const trouble = troubleOf([
      step("deploy:web@devnet", "blocked"),
      step("deploy:api@devnet", "failed"),
      step("deploy:a@devnet", "skipped"),
    ]);
    expect(trouble.map(({ id }) => id)).toEqual(["deploy:api@devnet", "deploy:web@devnet"]);
  });

  test("a gate comes before other waits, and the longest wait before shorter ones", () => {
    const waiting = waitsOf([
      step("deploy:b@devnet", "waiting", waits("b", "2026-03-01T12:00:02.000Z")),
      step("deploy:a@devnet", "waiting", waits("a", "2026-03-01T12:00:01.000Z")),
      step("gate:mainnet", "waiting", waits("gate", "2026-03-01T12:00:03.000Z")),
      step("deploy:c@devnet", "running"),
    ]);
    expect(waiting.map(({ id }) => id)).toEqual(["gate:mainnet", "deploy:a@devnet", "deploy:b@devnet"]);
    expect(progressOf(waiting)).toEqual({ ended: 0, total: 3 });
  });

  test("what is to be said of many steps is said once", () => {
    const same = sameReasons([
      step("gate:mainnet", "waiting", waits("x")),
      step("deploy:a@mainnet", "waiting", waits("x")),
      step("deploy:b@mainnet", "waiting", waits("y")),
    ]);
    expect(same.map(({ step: { id }, others }) => [id, others])).toEqual([
      ["gate:mainnet", 1],
      ["deploy:b@mainnet", 0],
    ]);
  });
});

describe("decisions to make", () => {
  test("one for a commit and an environment, over all runs that wait for it", () => {
    const questions = questionsOf([
      approval("2", ["web@mainnet", "api@mainnet"], {
        since: "2026-03-01T12:00:05.000Z",
        leftOut: [{ target: "auth@mainnet", why: "failed" }],
      }),
      approval("3", ["auth@mainnet"], { since: "2026-03-01T12:00:01.000Z" }),
      approval("3", ["api@canary"], { environment: "canary" }),
    ]);
    expect(questions).toMatchObject([
      {
        environment: "mainnet",
        set: "sha256:1",
        members: ["api@mainnet", "auth@mainnet", "web@mainnet"],
        leftOut: [],
        runs: ["2", "3"],
        since: "2026-03-01T12:00:01.000Z",
      },
      { environment: "canary", members: ["api@canary"], runs: ["3"] },
    ]);
  });
  test("it asks for the most approvals that a run asks for, and says each exception and person once", () => {
    const ana = { by: "ana", at: AT, expiresAt: null };
    const [question] = questionsOf([
      approval("2", ["api@mainnet"], { count: 2, approved: [ana], emergency: ["cleo"], skipNeeds: "outage" }),
      approval("3", ["web@mainnet"], { approved: [ana], emergency: ["cleo"], early: true, acceptDiverged: "hotfix" }),
    ]);
    expect(question).toMatchObject({
      count: 2,
      approved: [ana],
      emergency: ["cleo"],
      early: true,
      exceptions: [
        { run: "2", kind: "skip-needs", reason: "outage" },
        { run: "3", kind: "diverged", reason: "hotfix" },
      ],
    });
  });

  test("what came, went and would be applied otherwise since somebody looked", () => {
    const seen = { fingerprints: { "api@m": "1", "web@m": "1", "auth@m": "1" } };
    const now = { fingerprints: { "api@m": "1", "web@m": "2", "cart@m": "1" } };
    expect(setChange(seen, now)).toEqual({ come: ["cart@m"], gone: ["auth@m"], other: ["web@m"] });
  });
});

describe("the difference between two texts", () => {
  test("is unified, with the lines that it adds and takes away counted", () => {
    const { patch, added, removed } = textChange("a\n--- b\nc\n", "a\nc\n+++ d\ne\n");
    expect(patch).toContain("@@ -1,3 +1,4 @@\n a\n---- b\n c\n++++ d\n+e\n");
    expect({ added, removed }).toEqual({ added: 2, removed: 1 });
  });

  test("is nothing where they are the same, and all where there was nothing", () => {
    expect(textChange("a\n", "a\n").patch).toBe("");
    expect(textChange(null, "a\nb\n")).toMatchObject({ added: 2, removed: 0 });
  });

  test("of texts that have nothing in common is found without looking for the least one", () => {
    const lines = (name: string) => Array.from({ length: 6_000 }, (_, i) => `${name} ${i}\n`).join("");
    const { patch, added, removed } = textChange(lines("old"), lines("new"));
    expect({ added, removed }).toEqual({ added: 6_000, removed: 6_000 });
    expect(patch).toContain("@@ -1,6000 +1,6000 @@\n-old 0\n");
  });
});

describe("what waits", () => {
  const step = { run: "7", step: "deploy:api@mainnet", waitingFor: { code: "lock", message: "waits for the lock", since: AT } };

  test("ends by who is named, else by anyone with the command, else by itself", () => {
    expect(endsBy({ ...step, who: ["ana", "ben"] })).toBe("ana, ben");
    expect(endsBy({ who: [], waitingFor: { ...step.waitingFor, command: "sluice unlock x" } })).toBe("anyone, by the command");
    expect(endsBy({ ...step, who: [] })).toBe("ends by itself");
  });

  test("is found by step, run and reason", () => {
    expect(["API@", "run 7", "The Lock"].map((filter) => matches(step, filter))).toEqual([true, true, true]);
    expect(matches(step, "web")).toBe(false);
  });
});

test("what superseded a run's steps is said once for each environment", () => {
  const superseded = (id: string, run: string) =>
    step(id, "superseded", { reason: { code: "superseded", message: `superseded by run ${run}` } });
  expect(
    supersededBy([
      superseded("deploy:api@mainnet", "5"),
      superseded("deploy:web@mainnet", "5"),
      superseded("deploy:api@canary", "4"),
      step("verify:api@mainnet", "blocked", { reason: { code: "step-ended", message: "deploy:api@mainnet was superseded" } }),
    ]),
  ).toEqual([
    { environment: "mainnet", message: "superseded by run 5" },
    { environment: "canary", message: "superseded by run 4" },
  ]);
});

test("a plan's outline: what is built, what goes where and where people are asked", () => {
  const planned = ["build:mega", "deploy:api@devnet", "verify:api@devnet", "gate:mainnet", "deploy:api@mainnet", "deploy:web@mainnet"];
  const steps = planned.map((id) => ({ id, kind: step(id, "pending").kind, needs: [], after: [] }));
  expect(outlineOf({ steps })).toEqual({
    builds: ["mega"],
    environments: [
      { id: "devnet", gate: false, services: ["api"] },
      { id: "mainnet", gate: true, services: ["api", "web"] },
    ],
  });
});
