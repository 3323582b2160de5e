import { expect, test } from "vitest";
import { whyOf } from "../../../src/api/present/runs.ts";
import { explain } from "../../../src/contract/explain.ts";
import { UNKNOWN_COMMIT } from "../../../src/core/plan/relations.ts";
import type { Reason } from "../../../src/core/run/reason.ts";
import type { StepRow } from "../../../src/core/run/rows.ts";
import { COMMIT, OLD } from "./world.ts";

const context = { run: "41", kind: "deploy" as const, commit: COMMIT };

const cases: readonly (readonly [reason: Reason, message: string, command: string | null])[] = [
  [
    { code: "approval", commit: COMMIT, environment: "mainnet" },
    "waits for a decision: sluice approve 4f9c2d1e8 --env mainnet",
    "sluice approve 4f9c2d1e8 --env mainnet",
  ],
  [
    { code: "artifact", reference: "registry.example/harbor:4f9c", build: "mega 4f9c", wait: 7, until: 1, problem: null },
    "waits until registry.example/harbor:4f9c has been pushed",
    null,
  ],
  [
    { code: "artifact", reference: "registry.example/harbor:4f9c", build: "mega 4f9c", wait: 7, until: 1, problem: "it is down" },
    "waits until registry.example/harbor:4f9c has been pushed; whether it is there cannot be told: it is down",
    null,
  ],
  [
    { code: "artifact-timeout", reference: "registry.example/harbor:4f9c", problem: null },
    "registry.example/harbor:4f9c was not pushed in time; once it is there: sluice run retry 41",
    "sluice run retry 41",
  ],
  [
    { code: "diverged", live: OLD, release: COMMIT },
    `diverged: ${OLD.slice(0, 9)} is live and 4f9c2d1e8 does not contain it; --accept-diverged goes over it, and what would be lost is told by: git log --oneline 4f9c2d1e8..${OLD.slice(0, 9)}`,
    `git log --oneline 4f9c2d1e8..${OLD.slice(0, 9)}`,
  ],
  [{ code: "need", target: "api@mainnet", run: "42", until: null, kept: null }, "waits for api@mainnet, run 42", null],
  [{ code: "need", target: "api@mainnet", run: "41", until: null, kept: null }, "waits for api@mainnet, this run", null],
  [
    { code: "need", target: "api@mainnet", run: null, until: 1, kept: null },
    "waits for api@mainnet, which nothing brings there: sluice deploy api --env mainnet --commit 4f9c2d1e8",
    "sluice deploy api --env mainnet --commit 4f9c2d1e8",
  ],
  [
    { code: "need", target: "api@mainnet", run: null, until: 1, kept: "pinned" },
    "waits for api@mainnet, which is pinned: sluice unpin api@mainnet",
    "sluice unpin api@mainnet",
  ],
  [{ code: "need", target: "api@mainnet", run: null, until: 1, kept: "frozen" }, "waits for api@mainnet, which is frozen", null],
  [
    { code: "need", target: "api@mainnet", run: "42", until: null, kept: "held" },
    "waits for api@mainnet, run 42; api@mainnet is held: sluice unhold mainnet",
    "sluice unhold mainnet",
  ],
  [
    { code: "need", target: "api@mainnet", run: null, until: 1, kept: "locked" },
    "waits for api@mainnet, which is locked: sluice status --env mainnet",
    "sluice status --env mainnet",
  ],
  [
    { code: "need", target: "api@mainnet", run: null, until: 1, kept: "manual" },
    "waits for api@mainnet, which is manual and not part of this run: sluice deploy api --env mainnet --commit 4f9c2d1e8",
    "sluice deploy api --env mainnet --commit 4f9c2d1e8",
  ],
  [
    { code: "need-ended", target: "api@mainnet", run: "7", status: "superseded", kept: "pinned" },
    "needs api@mainnet, which was superseded in run 7; api@mainnet is pinned: sluice unpin api@mainnet",
    "sluice unpin api@mainnet",
  ],
  [
    { code: "lock", on: "api@mainnet", by: "ana", reason: "audit", until: Date.UTC(2026, 0, 31, 9, 30) },
    "waits for the lock on api@mainnet by ana until 2026-01-31T09:30:00.000Z (audit): sluice unlock api@mainnet",
    "sluice unlock api@mainnet",
  ],
  [
    { code: "freeze", environment: "mainnet", until: Date.UTC(2026, 0, 31, 9, 30), reason: "weekend" },
    "waits for the end of the freeze of mainnet, 2026-01-31T09:30:00.000Z: weekend",
    null,
  ],
  [
    { code: "pinned", target: "api@mainnet", commit: OLD, reason: "reindexes" },
    "api@mainnet is pinned at 111111111 (reindexes): sluice unpin api@mainnet",
    "sluice unpin api@mainnet",
  ],
  [{ code: "superseded", run: "9", commit: OLD }, "superseded by 111111111, run 9", null],
  [{ code: "cut-short", run: "9" }, "cut short by run 9", null],
  [
    { code: "hold", environment: "mainnet", reason: "incident" },
    "waits for the hold on mainnet: incident: sluice unhold mainnet",
    "sluice unhold mainnet",
  ],
  [{ code: "queue", target: "api@mainnet", run: "7" }, "waits for api@mainnet, which run 7 has", null],
  [{ code: "step-ended", step: "deploy:api@mainnet", status: "failed" }, "deploy:api@mainnet failed", null],
  [{ code: "step-ended", step: "build:mega", status: "cancelled" }, "build:mega was cancelled", null],
  [
    { code: "need-ended", target: "api@mainnet", run: "7", status: "blocked", kept: null },
    "needs api@mainnet, which was blocked in run 7",
    null,
  ],
  [
    { code: "need-ended", target: "api@mainnet", run: null, status: null, kept: null },
    "needs api@mainnet, and nothing can bring it there",
    null,
  ],
  [{ code: "already-live", run: "7" }, "already live, by run 7; --redeploy applies it again", null],
  [{ code: "already-live", run: "41" }, "already live; --redeploy applies it again", null],
  [
    { code: "newer-is-live", live: OLD, command: "sluice rollback --all --env devnet --to 4f9c2d1e8" },
    "newer is live: 111111111: sluice rollback --all --env devnet --to 4f9c2d1e8",
    "sluice rollback --all --env devnet --to 4f9c2d1e8",
  ],
  [{ code: "rejected", by: "ben", reason: "not today" }, "rejected by ben: not today", null],
  [{ code: "cancelled", by: "ben", reason: null }, "cancelled by ben", null],
];

test.each(cases)("%o", (reason, message, command) => {
  expect(explain(reason, context)).toEqual(command === null ? { message } : { message, command });
});

test("what Sluice has not deployed has no commit to compare with: said with the command that takes the step's target over", () => {
  const reason: Reason = { code: "diverged", live: UNKNOWN_COMMIT, release: COMMIT };
  const command = `sluice deploy api --env mainnet --commit 4f9c2d1e8 --accept-diverged --reason "…"`;
  const row = { id: "deploy:api@mainnet", status: "blocked", since: 0 } as StepRow;
  expect(whyOf(row, reason, context).reason).toEqual({
    code: "diverged",
    message: `diverged: what is live was not deployed by Sluice, so nobody knows what this would go over; to take it over: ${command}`,
    command,
  });
});
