import type { TargetId } from "../../../../src/core/config/config.ts";
import type { Member } from "../../../../src/core/plan/plan.ts";
import { planRestore } from "../../../../src/core/plan/restore.ts";
import { planRollback } from "../../../../src/core/plan/rollback.ts";
import type { Draft } from "../../../../src/core/run/draft.ts";
import type { Effect } from "../../../../src/core/run/effects.ts";
import type { Reason } from "../../../../src/core/run/reason.ts";
import type { AttemptRow, RunRow, StepRow } from "../../../../src/core/run/rows.ts";
import { runEnded, stepEnded } from "../../../../src/core/run/status.ts";
import { transition } from "../../../../src/core/run/transition.ts";
import type { Core } from "../model/play.ts";
import { SETUP } from "../model/setup.ts";
import { instead, type Module, type Mutant, told } from "./mutant.ts";

const memberOf = (d: Draft, row: StepRow): Member => d.member(row.run, d.planned(row.run, row.id).target as TargetId);

/** Rollbacks whose targets move as `order` says, and as soon as the target is free. */
const moving = (order: (d: Draft, row: StepRow, member: Member) => TargetId | null) =>
  instead("run/evaluate/rollback.ts", (_m, load) => ({
    evaluateRollback: (d: Draft, row: StepRow) => {
      const { leaveQueue, setStatus, stopped, mayTake } = load("run/steps.ts") as Module;
      const elsewhere = (status: string, reason: Reason) => {
        leaveQueue(d, member.target, row.run, row.id);
        setStatus(d, row.run, row.id, status, reason);
      };
      const member = memberOf(d, row);
      const stop = stopped(d, row.run);
      if (stop) return setStatus(d, row.run, row.id, stop.status, stop.reason);
      const { live, good, busy, unknown, pin } = d.target(member.target);
      const { options, cause } = d.runOf(row.run);
      if (pin && pin.commit !== member.commit && !options.named && cause?.target !== member.target)
        return elsewhere("skipped", { code: "pinned", target: member.target, commit: pin.commit, reason: pin.reason });
      if (live?.commit === member.commit && good && busy === null && unknown === null)
        return elsewhere("skipped", { code: "already-there" });
      const first = order(d, row, member);
      const locked = load("run/stops.ts")["lockOn"](d, member.target);
      if (first !== null) return elsewhere("waiting", { code: "unsafe-order", target: first });
      if (unknown) return elsewhere("waiting", { code: "observing", target: member.target });
      if (locked) return elsewhere("waiting", { code: "lock", on: locked.on, by: "", reason: "", until: locked.lock.until });
      if (mayTake(d, member.target, row.run, row.id, true)) return load("run/attempts.ts")["startOnTarget"](d, row.run, row.id, "deploy");
      return setStatus(d, row.run, row.id, "waiting", { code: "queue", target: member.target, run: null });
    },
  }));

/** Whoever needs it leaves first, always. */
function needersFirst(d: Draft, row: StepRow, { service, environment }: Member): TargetId | null {
  for (const id of d.plan(row.run).deploys.get(environment) ?? []) {
    const other = d.member(row.run, d.planned(row.run, id).target as TargetId);
    if (other.definition.needs.includes(service) && !stepEnded(d.stepOf(row.run, `verify:${other.target}`).status)) return other.target;
  }
  return null;
}

/** A rollback that puts what it is asked to where it is asked to, and asks nobody. */
async function careless(part: Partial<Core>): Promise<Core> {
  return { ...(await moving(() => null)), ...part };
}

export const ROLLBACKS: readonly Mutant[] = [
  {
    reading: "going back, whoever needs it always leaves first",
    breaks: ["6"],
    core: () => moving(needersFirst),
    where: { about: "rollbacks", clear: SETUP.rollbackApproval },
  },
  {
    reading: "one target goes back, whatever needs it",
    breaks: ["6"],
    core: () => careless({ planRollback: (input) => ({ ...planRollback(input), problems: [] }) }),
    where: { about: "rollbacks", clear: SETUP.rollbackApproval },
  },
  {
    reading: "what failed goes back alone, whatever needs it",
    breaks: ["6"],
    core: () =>
      careless({
        planRestore: (input) => {
          const planned = planRestore({ ...input, relations: (release, live) => ({ release, live, order: "same", unmet: [] }) });
          return "message" in planned ? planned : { ...planned, problems: [] };
        },
      }),
    where: { about: "failures", setup: SETUP.restore },
  },
  {
    reading: "every run that joined answers its failure",
    breaks: ["R5"],
    core: () =>
      instead("run/restore.ts", ({ askRestore }) => ({
        askRestore: (d: Draft, attempt: AttemptRow) => {
          askRestore(d, attempt);
          const cause = d.effects().find((e: Effect) => e.type === "rollback.ask");
          for (const { run, step } of cause ? attempt.joined : [])
            if (cause?.type === "rollback.ask") d.emit({ ...cause, key: `${cause.key}/${run}`, cause: { ...cause.cause, run, step } });
        },
      })),
    where: { about: "failures", setup: SETUP.restore },
  },
  {
    reading: "what answers a failure goes on beside a person's rollback",
    breaks: ["R5"],
    core: () =>
      instead("run/steps.ts", ({ setStatus }) => ({
        setStatus: (d: Draft, run: string, id: string, status: string, reason: { readonly code: string } | null = null) =>
          status === "superseded" && reason?.code === "rolled-back" && d.runOf(run).cause !== null && d.stepOf(run, id).attempt === null
            ? d.stepOf(run, id)
            : setStatus(d, run, id, status, reason),
      })),
    where: { about: "failures", setup: SETUP.restore },
  },
  {
    reading: "a rollback holds nothing until it has ended",
    breaks: ["R1"],
    core: () =>
      instead("run/admit.ts", ({ admitRollback }) => ({
        admitRollback: (...args: readonly [Draft, { readonly snapshot: { readonly environment: string } }]) => {
          const answer = admitRollback(...args);
          args[0].setEnvironment({ ...args[0].environment(args[1].snapshot.environment), hold: null });
          return answer;
        },
      })),
  },
  {
    reading: "a hold stops only what others start",
    breaks: ["R1"],
    core: () =>
      instead("run/evaluate/deploy.ts", ({ evaluateDeploy }) => ({
        evaluateDeploy: (d: Draft, row: StepRow) => {
          if (d.runOf(row.run).by === "ana") {
            const real = d.environment.bind(d);
            Object.defineProperty(d, "environment", { configurable: true, value: (id: string) => ({ ...real(id), hold: null }) });
          }
          evaluateDeploy(d, row);
          Reflect.deleteProperty(d, "environment");
        },
      })),
  },
  {
    reading: "what is there when the rollback is planned needs not move, whatever is on its way",
    breaks: ["R4", "V", "6"],
    core: () =>
      instead("run/evaluate/rollback.ts", ({ evaluateRollback }, load) => ({
        evaluateRollback: (d: Draft, row: StepRow) => {
          const { target, commit } = memberOf(d, row);
          const { live, good, busy } = d.target(target);
          const there = row.status === "pending" && row.reason === null && live?.commit === commit && good && busy !== null;
          if (there) load("run/steps.ts")["setStatus"](d, row.run, row.id, "skipped", { code: "already-there" });
          else evaluateRollback(d, row);
        },
      })),
    where: { about: "rollbacks" },
  },
  {
    reading: "what is good is recorded at any moment",
    breaks: ["S"],
    core: () =>
      instead("run/ledger.ts", ({ markGood }, load) => ({
        markGood: (d: Draft, target: TargetId) => {
          markGood(d, target);
          const { live, environment } = d.target(target);
          const run = d.run(live?.run ?? "");
          if (run) load("run/snapshots.ts")["takeSnapshot"](d, environment, run);
        },
      })),
  },
  {
    reading: "what is good at the end of a run is not recorded",
    breaks: ["S"],
    core: () => instead("run/snapshots.ts", () => ({ takeSnapshot: () => undefined })),
  },
  {
    reading: "what a rollback left is offered again",
    breaks: ["R2"],
    core: () => ({ transition, offeredSnapshot: ({ snapshots }) => snapshots.at(-1) ?? null }),
    where: { about: "rollbacks" },
  },
  {
    reading: "an ended run is opened again",
    breaks: ["7"],
    core: () => {
      const ended = new Map<string, RunRow>();
      return {
        transition: (state, event) => {
          const again = event.type === "run.retried" && !state.runs.has(event.run) ? ended.get(event.run) : undefined;
          if (again)
            return { changes: [{ table: "run", row: { ...again, status: "running", endedAt: null } }], effects: [], answer: { ok: true } };
          const outcome = transition(state, event);
          for (const c of outcome.changes) if (c.table === "run" && runEnded(c.row.status)) ended.set(c.row.id, c.row);
          return outcome;
        },
      };
    },
  },
  {
    reading: "what is applied counts before it is verified",
    breaks: ["2", "9"],
    core: () =>
      instead("run/ledger.ts", ({ becameLive }) => ({
        becameLive: (...args: readonly [Draft, TargetId]) => {
          becameLive(...args);
          args[0].setTarget({ ...args[0].target(args[1]), serving: true });
        },
      })),
  },
  {
    reading: "what failed and changed nothing is not entered",
    breaks: ["9"],
    core: () => instead("run/ledger.ts", () => ({ enter: (_d: Draft, _t: string, left: object) => left })),
  },
  {
    reading: "an attempt that was lost was not applied",
    breaks: ["9", "4", "6", "2", "D"],
    core: () => told((e) => (e.type === "target.observed" ? { ...e, observed: { kind: "absent" } } : e)),
  },
  {
    reading: "an end that comes twice counts twice",
    breaks: ["10"],
    core: () =>
      instead("run/outcomes.ts", ({ attemptEnded }) => ({
        attemptEnded: (d: Draft, event: { readonly attempt: string }) => {
          const attempt = d.attempt(event.attempt);
          if (attempt) d.setAttempt({ ...attempt, outcome: null });
          return attemptEnded(d, event);
        },
      })),
  },
  {
    reading: "nobody is woken by what he waits for",
    breaks: ["8", "A"],
    core: () =>
      instead("run/overlay.ts", ({ Overlay }) => ({
        Overlay: class extends Overlay {
          watchers(): readonly string[] {
            return [];
          }
        },
      })),
  },
];
