import { expect, test } from "vitest";
import type { CommitId, ServiceId, TargetId } from "../../../src/core/config/config.ts";
import { fingerprint } from "../../../src/core/plan/fingerprint.ts";
import type { Relations } from "../../../src/core/plan/relations.ts";
import { planRestore, restoreSet } from "../../../src/core/plan/restore.ts";
import type { RollbackPlanResult } from "../../../src/core/plan/rollback.ts";
import type { Live } from "../../../src/core/run/rows.ts";
import { seeded } from "../../rig/random.ts";
import { environment, policyOf } from "./harbor.ts";
import { definitionOf, planned, row, snapshotOf } from "./rollback-rig.ts";

const SERVICES = ["a", "b", "c", "d"] as const;
const COMMITS = ["c0", "c1", "c2", "c3", "c4", "c5"] as const;
type State = ReadonlyMap<TargetId, Live>;

/** A random history, mostly a line, with what each commit touches, and what each service needs at each commit: of those before it, so that no needs go round. */
class Fleet {
  readonly random: () => number;
  readonly #parent = new Map<CommitId, CommitId>();
  readonly #touched = new Map<CommitId, readonly ServiceId[]>();
  readonly #lives = new Map<string, Live>();

  constructor(seed: number) {
    this.random = seeded(seed);
    for (const [i, commit] of COMMITS.entries()) {
      const parent = COMMITS[this.random() < 0.8 ? i - 1 : this.#upTo(i)];
      if (i > 0 && parent) this.#parent.set(commit, parent);
      this.#touched.set(commit, i === 0 ? SERVICES : SERVICES.filter(() => this.random() < 0.5));
      for (const [k, service] of SERVICES.entries()) {
        const needs = SERVICES.slice(0, k).filter(() => this.random() < 0.6);
        this.#lives.set(`${service} ${commit}`, { ...liveOf(service, commit), needs });
      }
    }
  }
  #upTo(n: number): number {
    return Math.floor(this.random() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.#upTo(list.length)] as T;
  }
  live(service: ServiceId, commit: CommitId): Live {
    return this.#lives.get(`${service} ${commit}`) as Live;
  }
  #line(commit: CommitId): readonly CommitId[] {
    const parent = this.#parent.get(commit);
    return parent === undefined ? [commit] : [commit, ...this.#line(parent)];
  }
  /** Section 4, read slowly. */
  meets(service: ServiceId, release: CommitId, live: CommitId): boolean {
    const last = this.#line(release).find((c) => this.#touched.get(c)?.includes(service));
    return last !== undefined && this.#line(live).includes(last);
  }
  readonly relations: Relations = (release, live) => ({
    release,
    live,
    order: "behind",
    unmet: SERVICES.filter((s) => !this.meets(s, release, live)),
  });
  /** Every need of what is there is met. */
  works(state: State): boolean {
    return [...state.values()].every((w) =>
      w.needs.every((b) => {
        const there = state.get(`${b}@mainnet`);
        return there !== undefined && this.meets(b, w.commit, there.commit);
      }),
    );
  }
  /** Where single safe moves from a set of one commit lead; some targets come and go. */
  wander(from: State, moves: number): State {
    let state = from;
    for (let i = 0; i < moves; i++) {
      const service = this.pick(SERVICES);
      const next = new Map(state);
      if (this.random() < 0.1) next.delete(`${service}@mainnet`);
      else next.set(`${service}@mainnet`, this.live(service, this.pick(COMMITS)));
      if (this.works(next)) state = next;
    }
    return state;
  }
  all(commit: CommitId): State {
    return new Map(SERVICES.map((s) => [`${s}@mainnet`, this.live(s, commit)]));
  }
}
const definitions = new Map(SERVICES.map((s) => [fingerprint(definitionOf(s)), definitionOf(s)]));
const liveOf = (service: ServiceId, commit: CommitId): Live => ({
  ...(snapshotOf({ [service]: commit }).entries[`${service}@mainnet`] as Live),
});
const serviceOf = (target: TargetId): ServiceId => target.slice(0, target.indexOf("@"));
const rows = (state: State) => [...state].map(([id, is]) => row(serviceOf(id), is.commit, { live: is, lastGood: is }));
const common = (fleet: Fleet) => ({ definitions, relations: fleet.relations, declared: new Set(SERVICES) });

/** Plays the plan in one of the orders that it allows; the first moment at which a need is not met. */
function play(fleet: Fleet, from: State, { plan, targets }: Pick<RollbackPlanResult, "plan" | "targets">): State | "broken" {
  const to = new Map(targets.filter((t) => t.skip === null).map((t) => [t.target, t.to]));
  const open = new Map(plan.steps.map((s) => [s.id, s]));
  let state = from;
  while (open.size > 0) {
    const step = fleet.pick([...open.values()].filter((s) => s.needs.every((n) => !open.has(n))));
    open.delete(step.id);
    const is = step.kind === "deploy" && step.target !== null ? to.get(step.target) : undefined;
    if (!is || step.target === null) continue;
    state = new Map([...state, [step.target, is]]);
    if (!fleet.works(state)) return "broken";
  }
  return state;
}

/** Whether any order of single moves is safe, by trying all. */
function possible(fleet: Fleet, state: State, left: readonly (readonly [TargetId, Live])[]): boolean {
  if (!fleet.works(state)) return false;
  return (
    left.length === 0 ||
    left.some((move) =>
      possible(
        fleet,
        new Map([...state, move]),
        left.filter((other) => other !== move),
      ),
    )
  );
}

test("a planned order keeps every need met at each moment, and one is found where there is one: sets and parts of them", () => {
  const seen = { safe: 0, none: 0, parts: 0 };
  for (let seed = 1; seed <= 1_000; seed++) {
    const fleet = new Fleet(seed);
    const from = fleet.wander(fleet.all(fleet.pick(COMMITS)), 8);
    const set = fleet.wander(fleet.random() < 0.3 ? from : fleet.all(fleet.pick(COMMITS)), 8);
    const services = fleet.random() < 0.5 ? null : [...set.keys()].map(serviceOf).filter(() => fleet.random() < 0.5);
    const result = planned(
      {},
      {},
      { ...common(fleet), targets: rows(from), snapshot: { ...snapshotOf({}), entries: Object.fromEntries(set) }, services },
    );
    const moves = result.targets.filter((t) => t.skip === null).map((t) => [t.target, t.to] as const);
    if (moves.length === 0) continue;
    const safe = result.problems.length === 0;
    expect(safe, `seed ${seed}: ${JSON.stringify(result.problems)}`).toBe(possible(fleet, from, moves));
    seen[safe ? "safe" : "none"]++;
    if (!safe) continue;
    if (services) seen.parts++;
    expect(play(fleet, from, result), `seed ${seed}`).toEqual(new Map([...from, ...moves]));
  }
  // it is worth something only if every answer is reached
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(50);
});

test("what onFailure brings back keeps every need met at each moment, and moves nothing that need not move", () => {
  const seen = { alone: 0, together: 0, unrecorded: 0, not: 0 };
  for (let seed = 1; seed <= 2_000; seed++) {
    const fleet = new Fleet(seed);
    const good = fleet.wander(fleet.all(fleet.pick(COMMITS)), 4);
    const now = fleet.wander(good, 8);
    const failed = fleet.pick([...now.keys()]);
    const before = good.get(failed);
    const live = now.get(failed);
    if (!before || !live || before.commit === live.commit) continue;
    const targets = rows(now).map((t) =>
      t.id === failed ? { ...t, live: { ...live, entry: 9 }, lastGood: before, serving: false, good: false } : t,
    );
    const recorded = fleet.random() < 0.8;
    const input = {
      ...common(fleet),
      project: "harbor",
      policy: policyOf({ mainnet: environment() }),
      targets,
      environment: null,
      at: 100,
      gone: new Map(),
      barriers: new Map(),
      cause: { run: "r1", step: `verify:${failed}`, target: failed, entry: 9 },
      snapshots: recorded ? [{ ...snapshotOf({}), entries: Object.fromEntries(good) }] : [],
    };
    const result = planRestore(input);
    if ("message" in result) {
      const set = restoreSet(input);
      if ("snapshot" in set)
        expect(possible(fleet, now, Object.entries(set.snapshot.entries) as [TargetId, Live][]), `seed ${seed}`).toBe(false);
      seen.not++;
      continue;
    }
    const moved = result.targets.filter((t) => t.skip === null).map((t) => t.target);
    seen[!recorded ? "unrecorded" : moved.length > 1 ? "together" : "alone"]++;
    expect(moved, `seed ${seed}`).toContain(failed);
    const end = play(fleet, now, result);
    expect(end, `seed ${seed}`).toEqual(new Map([...now, ...moved.map((t) => [t, good.get(t)] as const)]));
    // each of the others would be without what it needs if it alone had stayed
    for (const target of moved)
      if (target !== failed && end !== "broken")
        expect(fleet.works(new Map([...end, [target, now.get(target) as Live]])), `seed ${seed}: ${target}`).toBe(false);
  }
  // it is worth something only if every answer is reached
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(30);
});
