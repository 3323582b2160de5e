import type { Member } from "../../../../src/core/plan/plan.ts";
import type { Draft } from "../../../../src/core/run/draft.ts";
import type { RunRow, StepRow } from "../../../../src/core/run/rows.ts";
import { stepEnded } from "../../../../src/core/run/status.ts";
import { transition } from "../../../../src/core/run/transition.ts";
import { contains } from "../history.ts";
import { SETUP } from "../model/setup.ts";
import { instead, type Mutant, told } from "./mutant.ts";

const memberOf = (d: Draft, row: StepRow): Member => d.member(row.run, d.planned(row.run, row.id).target as Member["target"]);

export const TARGETS: readonly Mutant[] = [
  {
    reading: "what somebody else has removed is live still",
    breaks: ["9"],
    core: () => instead("run/ledger.ts", () => ({ becameNothing: () => undefined })),
  },
  { reading: "a target takes whoever comes", breaks: ["1"], core: () => instead("run/steps.ts", () => ({ mayTake: () => true })) },
  { reading: "a target is never let go", breaks: ["8"], core: () => instead("run/steps.ts", () => ({ release: () => undefined })) },
  {
    reading: "who waits for more keeps a place in the queue",
    breaks: ["Q"],
    core: () => instead("run/steps.ts", () => ({ leaveQueue: () => undefined })),
  },
  {
    reading: "a target is let go before its verify",
    breaks: ["1", "V", "V2", "9"],
    core: () =>
      instead("run/ledger.ts", ({ becameLive }) => ({
        becameLive: (...args: readonly [Draft, Member["target"]]) => {
          becameLive(...args);
          args[0].setTarget({ ...args[0].target(args[1]), busy: null });
        },
      })),
  },
  {
    reading: "a cancelled run does not verify what it applied",
    breaks: ["V2", "1"],
    core: () =>
      instead("run/evaluate/follow.ts", ({ evaluateVerify }, load) => ({
        evaluateVerify: (d: Draft, row: StepRow) => {
          const stop = load("run/steps.ts")["stopped"](d, row.run);
          if (!stop) return evaluateVerify(d, row);
          const { target } = memberOf(d, row);
          const { busy } = d.target(target);
          if (busy?.run === row.run) load("run/steps.ts")["release"](d, target, busy.attempt);
          load("run/steps.ts")["setStatus"](d, row.run, row.id, stop.status, stop.reason);
        },
      })),
  },
  { reading: "a cancelled run goes on", breaks: ["C"], core: () => instead("run/steps.ts", () => ({ stopped: () => null })) },
  {
    reading: "who joins ends when the one who began is cancelled",
    breaks: ["J1", "J3", "C"],
    core: () =>
      instead("run/steps.ts", ({ stopped }) => ({
        stopped: (d: Draft, run: string) => {
          const own = d.runOf(run);
          const same = (r: RunRow) => r.id !== run && r.kind === "deploy" && own.kind === "deploy" && r.commit === own.commit;
          return (
            stopped(d, run) ??
            d
              .activeRuns()
              .filter(same)
              .map((r) => stopped(d, r.id))
              .find((s) => s !== null) ??
            null
          );
        },
      })),
    where: { about: "joining" },
  },
  {
    reading: "what was done once is joined, though something else is live",
    breaks: ["J2", "J3", "2", "V2"],
    core: () =>
      instead("run/evaluate/deploy.ts", ({ evaluateDeploy }, load) => ({
        evaluateDeploy: (d: Draft, row: StepRow) => {
          const { target, commit } = memberOf(d, row);
          if (!d.isGood(target, commit) || d.target(target).live?.commit === commit) return evaluateDeploy(d, row);
          const entry = d.target(target).live?.attempt ?? "";
          d.setStep({ ...load("run/steps.ts")["setStatus"](d, row.run, row.id, "succeeded"), attempt: entry });
          for (const kind of ["verify", "soak"])
            if (d.step(row.run, `${kind}:${target}`)) load("run/steps.ts")["setStatus"](d, row.run, `${kind}:${target}`, "succeeded");
        },
      })),
    where: { about: "rollbacks" },
  },
  {
    reading: "an image is built for each who asks",
    breaks: ["J3"],
    core: () =>
      instead("run/evaluate/build.ts", ({ evaluateBuild }, load) => ({
        evaluateBuild: (d: Draft, row: StepRow) =>
          row.status === "pending" ? load("run/attempts.ts")["startBuild"](d, row.run, row.id) : evaluateBuild(d, row),
      })),
    where: { about: "joining", clear: SETUP.awaited },
  },
  {
    reading: "cancelling now ends what others hold",
    breaks: ["J4"],
    core: () => ({
      transition: (state, event) => {
        const outcome = transition(state, event);
        if (event.type !== "run.cancelled" || !event.now || !outcome.answer.ok) return outcome;
        const joined = [...state.attempts.values()].filter((a) => a.outcome === null && a.joined.some((j) => j.run === event.run));
        const stops = joined.map((a) => ({ type: "attempt.stop" as const, key: `stop:${a.id}`, attempt: a.id }));
        return { ...outcome, effects: [...outcome.effects, ...stops] };
      },
    }),
    where: { about: "joining" },
  },
  {
    reading: "a lock is forgotten at once",
    breaks: ["L", "8"],
    core: () => instead("run/stops.ts", () => ({ lockOn: () => null })),
    where: { about: "stops" },
  },
  {
    reading: "a pin keeps nothing",
    breaks: ["P"],
    core: () => told((e) => (e.type === "target.pinned" ? { at: e.at, type: "tick" } : e)),
    where: { about: "stops" },
  },
  {
    reading: "a freeze stops nothing",
    breaks: ["F"],
    core: () => told((e) => (e.type === "environment.frozen" ? { at: e.at, type: "environment.thawed", environment: e.environment } : e)),
    where: { about: "stops" },
  },
  {
    reading: "a release takes the place of older ones as soon as somebody asks for it",
    breaks: ["SUP"],
    core: () =>
      instead("run/admit.ts", ({ admitDeploy }, load) => ({
        admitDeploy: (d: Draft, event: { readonly run: string; readonly plan: { readonly members: Readonly<Record<string, Member>> } }) => {
          const answer = admitDeploy(d, event);
          if (!answer.ok) return answer;
          for (const { target, commit } of Object.values(event.plan.members))
            for (const run of d.bringers(target)) {
              const row = d.stepOf(run, `deploy:${target}`);
              const older = d.runOf(run).commit !== commit && contains(commit, d.runOf(run).commit) && d.runOf(run).kind === "deploy";
              if (run !== event.run && older && !stepEnded(row.status) && row.status !== "running")
                load("run/steps.ts")["setStatus"](d, run, row.id, "superseded", { code: "superseded", run: event.run, commit });
            }
          return answer;
        },
      })),
    where: { about: "overtaking" },
  },
  {
    reading: "an older release that arrives late goes on beside the newer one",
    breaks: ["SUP"],
    core: () =>
      instead("run/evaluate/supersede.ts", ({ supersededBy }) => ({
        supersededBy: (d: Draft, row: StepRow, member: Member) => {
          const verdict = supersededBy(d, row, member);
          const by = verdict === "go" ? undefined : verdict.reason?.run;
          return by !== undefined && Number(by.slice(1)) < Number(row.run.slice(1)) ? "go" : verdict;
        },
      })),
    where: { about: "overtaking" },
  },
  {
    reading: "in a queue a newer release waits until the older one has left the environment",
    breaks: ["8"],
    core: () =>
      instead("run/evaluate/deploy.ts", ({ evaluateDeploy }, load) => ({
        evaluateDeploy: (d: Draft, row: StepRow) => {
          const { target, commit, environment } = memberOf(d, row);
          const older = d.activeRuns().find((r) => {
            const open = r.commit !== commit && contains(commit, r.commit) && d.lane(r.id, environment).open > 0;
            return open && r.kind === "deploy" && r.id !== row.run;
          });
          if (!older || load("run/steps.ts")["stopped"](d, row.run)) return evaluateDeploy(d, row);
          load("run/steps.ts")["leaveQueue"](d, target, row.run, row.id);
          load("run/steps.ts")["setStatus"](d, row.run, row.id, "waiting", { code: "queue", target, run: older.id });
        },
      })),
    where: { about: "overtaking", setup: SETUP.queue },
  },
];
