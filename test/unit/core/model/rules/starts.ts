import type { DeploySpec } from "../../../../../src/core/run/effects.ts";
import type { Live, RunRow } from "../../../../../src/core/run/rows.ts";
import { goodKey } from "../../../../../src/core/run/state.ts";
import type { Outcome } from "../../../../../src/core/run/transition.ts";
import { contains, meets } from "../../history.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { deciders } from "./approved.ts";
import { environmentOf, type Memory, type Rule } from "./memory.ts";

/** What must hold when an attempt starts. */
export const starts: Rule = (world, _event, outcome, memory) => {
  for (const effect of outcome.effects) {
    if (effect.type !== "attempt.start") continue;
    const { attempt } = effect;
    goesOn(world, attempt);
    if (attempt.kind === "build") continue;
    alone(world, outcome, memory, attempt);
    if (attempt.kind === "deploy") mayStart(world, memory, attempt);
    else if (world.actual.get(attempt.target)?.commit !== attempt.commit)
      throw new Violation("V", `${attempt.kind} of ${attempt.commit} judges something else on ${attempt.target}`);
  }
};

/** After a cancel nothing starts but the check of what was applied; what is shared goes on while one who holds it does. */
function goesOn(world: World, spec: { readonly id: string; readonly kind: string; readonly run: string }): void {
  if (spec.kind === "verify") return;
  const holders = world.holders(spec.id);
  if (holders.length > 0 && holders.every((row) => world.db.runs.get(row.run)?.stopped?.how === "cancelled"))
    throw new Violation("C", `${spec.kind} ${spec.id} starts in cancelled run ${spec.run}`);
}

/** Invariant 1; a soak that is being stopped changes nothing and says nothing any more. */
function alone(world: World, outcome: Outcome, memory: Memory, spec: Exclude<Start, { readonly kind: "build" }>): void {
  const stopped = outcome.effects.flatMap((e) => (e.type === "attempt.stop" ? e.attempt : []));
  for (const [id, other] of world.running) {
    if (other.spec.kind === "build" || other.spec.target !== spec.target) continue;
    if (other.spec.kind === "soak" && (other.stopping || stopped.includes(id))) continue;
    throw new Violation("1", `${spec.kind} ${spec.id} starts on ${spec.target} while ${other.spec.kind} ${id} runs there`);
  }
  const here = outcome.effects.flatMap((e) => (e.type === "attempt.start" && e.attempt.kind !== "build" ? e.attempt : []));
  if (here.filter((a) => a.target === spec.target && !stopped.includes(a.id)).length > 1)
    throw new Violation("1", `two attempts start on ${spec.target} at once`);
  if (spec.kind === "deploy" && memory.unsure.has(spec.target))
    throw new Violation("4", `${spec.target} is unknown, and ${spec.id} starts blindly`);
}
type Start = Extract<Outcome["effects"][number], { readonly type: "attempt.start" }>["attempt"];

function mayStart(world: World, memory: Memory, spec: DeploySpec): void {
  const run = world.db.runs.get(spec.run) as RunRow;
  const says = `${spec.target} ${spec.commit} of ${run.id} starts`;
  const fingerprint = world.db.attempts.get(spec.id)?.fingerprint ?? null;
  const decided = deciders(world, memory, run, spec.target, fingerprint);
  if (decided && decided.persons < decided.needed) throw new Violation("3", `${says} on ${decided.persons} decisions`);
  notStopped(world, memory, spec, run, says);
  notThere(world, spec, run, fingerprint, says);
  if (run.kind === "rollback") return;
  forwardOnly(world, memory, spec, says);
  needsMet(world, memory, spec, says);
  promoted(world, spec, says);
}

/** Nothing starts on what a person or policy keeps. */
function notStopped(world: World, memory: Memory, spec: DeploySpec, run: RunRow, says: string): void {
  const environment = environmentOf(spec.target);
  for (const on of [spec.target, environment]) {
    const until = memory.locked.get(on);
    if (until === null || (until ?? 0) > world.now) throw new Violation("L", `${says}, though ${on} is locked`);
  }
  const pin = memory.pinned.get(spec.target) ?? spec.commit;
  if (pin !== spec.commit && holdersOf(world, spec).every((r) => !r.options.named && r.cause?.target !== spec.target))
    throw new Violation("P", `${says}, pinned at ${pin}`);
  if (run.kind === "rollback") return;
  if (memory.held.has(environment) || memory.rolling.has(environment)) throw new Violation("R1", `${says} while ${environment} is held`);
  if ((memory.frozen.get(environment) ?? 0) > world.now) throw new Violation("F", `${says} while ${environment} is frozen`);
}

/** Section 5: what is live and serving is applied again only where somebody asks for it. */
function notThere(world: World, spec: DeploySpec, run: RunRow, fingerprint: string | null, says: string): void {
  const word = world.checked.get(spec.target);
  const there = world.actual.get(spec.target);
  const live: Live | null = world.db.targets.get(spec.target)?.live ?? null;
  const same = there?.commit === spec.commit && live?.attempt === there.attempt && live.fingerprint === fingerprint;
  if (!same || (run.kind === "rollback" ? word !== "good" : word !== "good" && word !== "serving")) return;
  if (holdersOf(world, spec).every((r) => !r.options.redeploy)) throw new Violation("J3", `${says}, though it serves there already`);
}

function forwardOnly(world: World, memory: Memory, spec: DeploySpec, says: string): void {
  const environment = environmentOf(spec.target);
  const live = world.actual.get(spec.target);
  if (holdersOf(world, spec).some((r) => r.options.acceptDiverged !== null)) memory.accepted.add(environment);
  else if (live && world.options.config.policy.environments[environment]?.order !== "any" && !contains(spec.commit, live.commit))
    throw new Violation("D", `${says} over ${live.commit}, which it does not descend from`);
}

function needsMet(world: World, memory: Memory, spec: DeploySpec, says: string): void {
  for (const need of spec.definition.needs) {
    const target = `${need}@${environmentOf(spec.target)}` as const;
    const there = world.actual.get(target);
    const word = world.checked.get(target);
    if (!there || !meets(there.commit, need, spec.commit) || (word !== "serving" && word !== "good"))
      throw new Violation("2", `${says} though ${target} is ${there?.commit} (${word})`);
    if (memory.unsure.has(target)) throw new Violation("2", `${says} though ${target} is unknown`);
    const busy = [...world.running.values()].some((r) => r.spec.kind === "deploy" && r.spec.target === target);
    if (busy) throw new Violation("2", `${says} while ${target} is being changed`);
  }
}

/** Invariant 12: what was not good before goes on only where a person has let it through a gate. */
function promoted(world: World, spec: DeploySpec, says: string): void {
  const plan = world.db.plans.get(spec.run);
  const gated = plan?.environments[environmentOf(spec.target)]?.approval != null;
  if (gated && holdersOf(world, spec).some((r) => r.options.skipNeeds !== null)) return;
  for (const before of plan?.members[spec.target]?.promotesFrom ?? [])
    if (!world.goodEver.has(goodKey(`${spec.definition.service}@${before}`, spec.commit)))
      throw new Violation("12", `${says}, which was never good in ${before}`);
}

const holdersOf = (world: World, spec: DeploySpec): readonly RunRow[] =>
  world.holders(spec.id).map((row) => world.db.runs.get(row.run) as RunRow);

/** Section 5: what runs is cut short only by those who may: a cancel by all who hold it, a rollback there, a deploy that was asked for now. */
export const stops: Rule = (world, _event, outcome) => {
  for (const effect of outcome.effects) {
    if (effect.type !== "attempt.stop") continue;
    const attempt = world.db.attempts.get(effect.attempt);
    if (!attempt) continue;
    const holders = world.holders(attempt.id);
    const ends = holders.map((row) => world.db.runs.get(row.run)?.stopped ?? null);
    if (ends.every((s) => s !== null) && ends.some((s) => s?.now === true)) continue;
    const target = attempt.target;
    const by = [...world.state.runs.values()].some((run) => {
      if (holders.some((h) => h.run === run.id) || target === null) return false;
      const here = world.step(run.id, `deploy:${target}`) !== undefined;
      const whole = run.kind === "rollback" && world.db.environments.get(environmentOf(target))?.rollback === run.id;
      return whole || (here && attempt.kind === "soak" && (run.kind === "rollback" || run.options.now));
    });
    if (!by) throw new Violation("J4", `${attempt.id} (${attempt.step}) is cut short, though ${holders.map((h) => h.run).join()} hold it`);
  }
};
