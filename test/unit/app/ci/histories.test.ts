import assert from "node:assert/strict";
import * as fc from "fast-check";
import { test } from "vitest";
import { type Forge, ForgeError } from "../../../../src/github/forge.ts";
import { recordsOf } from "../../../../src/github/records/read.ts";
import { rowsOf } from "../../../../src/github/records/rows.ts";
import { liftStops, placeStop, standingStops } from "../../../../src/github/records/stops.ts";
import { wait } from "../../../../src/host/wait.ts";
import { type JobEnd, Workflow } from "./rig.ts";

const SERVICES = ["api", "web"] as const;
type Service = (typeof SERVICES)[number];
const COMMITS = 4;
/** What an engine rests between two looks is shorter; who waits for others waits for longer. */
const LONG_MS = 1_000;

type Leg = { readonly services: readonly Service[]; readonly commit: number };
type Act =
  | ({ readonly act: "deploy"; readonly fails: Service | null } & Leg)
  /** Its job is killed before so many of its calls to GitHub were answered. */
  | ({ readonly act: "killed"; readonly after: number } & Leg)
  | { readonly act: "pair"; readonly one: Leg; readonly two: Leg; readonly draws: readonly number[] }
  | { readonly act: "hold" | "unhold" | "unpin" | "rollback" }
  | { readonly act: "pin"; readonly service: Service; readonly commit: number };

/** What a job asks of GitHub while it deploys, each preceded by something. */
function before(forge: Forge, first: () => Promise<void>): Forge {
  return {
    ...forge,
    createDeployment: (made) => first().then(() => forge.createDeployment(made)),
    setStatus: (id, status) => first().then(() => forge.setStatus(id, status)),
    deployments: (filter) => first().then(() => forge.deployments(filter)),
  };
}

/** Two jobs that go on together: each call of one lets as many of the other's pass first as is drawn. */
class Pair {
  readonly #draws: readonly number[];
  readonly #calls = [0, 0];
  readonly #ended = [false, false];
  /** A job may ask for several things at once. */
  readonly #parked = [new Set<() => void>(), new Set<() => void>()] as const;
  #at = 0;

  constructor(draws: readonly number[]) {
    this.#draws = draws;
  }

  async call(mine: 0 | 1): Promise<void> {
    const other = mine === 0 ? 1 : 0;
    this.#calls[mine] = (this.#calls[mine] ?? 0) + 1;
    this.#wake(other);
    const until = (this.#calls[other] ?? 0) + (this.#draws[(this.#at += 1) % this.#draws.length] ?? 0);
    while (!this.#ended[other] && this.#parked[other].size === 0 && (this.#calls[other] ?? 0) < until) {
      const woken = Promise.withResolvers<void>();
      this.#parked[mine].add(woken.resolve);
      await woken.promise;
    }
  }

  #wake(which: 0 | 1): void {
    for (const resolve of this.#parked[which]) resolve();
    this.#parked[which].clear();
  }

  end(mine: 0 | 1): void {
    this.#ended[mine] = true;
    this.#wake(mine === 0 ? 1 : 0);
  }
}

/** Plays one history, and holds what is promised against what has happened after each act. */
class History {
  readonly #flow: Workflow;
  readonly #commits: readonly string[];
  #held = false;
  #pinned: { readonly target: string; readonly commit: string } | null = null;

  constructor(flow: Workflow, commits: readonly string[]) {
    this.#flow = flow;
    this.#commits = commits;
  }

  async play(act: Act): Promise<void> {
    const begun = this.#flow.acts().length;
    const live = new Map(SERVICES.map((s) => [`${s}@dev`, this.#flow.live(`${s}@dev`)]));
    await this.#carryOut(act);
    const acts = this.#flow.acts().slice(begun);
    oneAtATime(acts);
    if (act.act === "pair") onceEach(acts);
    if (act.act !== "rollback") this.#forwardOnly(acts, live);
    if (this.#held && act.act !== "rollback") assert.deepEqual(acts, []);
    for (const { target, commit } of acts) if (target === this.#pinned?.target) assert.equal(commit, this.#pinned.commit);
    // `web` never runs beside an `api` that is older than what it needs
    assert.ok(this.#index(this.#flow.live("web@dev")) <= this.#index(this.#flow.live("api@dev")), "web runs beside an older api");
    await this.#recordsAreTrue();
  }

  /** Nothing is stuck: with nothing in the way, the newest release comes everywhere. */
  async end(): Promise<void> {
    for (const act of ["unhold", "unpin"] as const) await this.#carryOut({ act });
    const end = await this.#flow.deploy("dev", SERVICES, { commit: this.#commits.at(-1) ?? "" });
    assert.deepEqual([end.exit, end.out.split("\n").filter((line) => line.startsWith("::error::"))], [0, []]);
    for (const service of SERVICES) assert.equal(this.#flow.live(`${service}@dev`), this.#commits.at(-1));
    assert.deepEqual(
      (await this.#recordsAreTrue()).map(({ good, unknown }) => [good, unknown]),
      [
        [true, null],
        [true, null],
      ],
    );
  }

  async #carryOut(act: Act): Promise<void> {
    const flow = this.#flow;
    switch (act.act) {
      case "deploy":
        if (act.fails) flow.mark(`${act.fails}@dev`, "fail");
        await this.#deploy(act);
        if (act.fails) flow.mark(`${act.fails}@dev`, "fail", false);
        return;
      case "killed": {
        let left = act.after;
        const dead = () => ((left -= 1) < 0 ? Promise.reject(new ForgeError("unavailable", "it was killed", "")) : Promise.resolve());
        await this.#deploy(act, { between: (forge) => before(forge, dead) });
        return;
      }
      case "pair": {
        const pair = new Pair(act.draws);
        const one = (leg: Leg, mine: 0 | 1): Promise<JobEnd> =>
          this.#deploy(leg, {
            between: (forge) => before(forge, () => pair.call(mine)),
            wait: (ms, signal) => (ms < LONG_MS ? wait(ms, signal) : pair.call(mine)),
          }).finally(() => pair.end(mine));
        await Promise.all([one(act.one, 0), one(act.two, 1)]);
        return;
      }
      case "rollback": {
        const found = await flow.rollback("dev");
        if (found.exit !== 0) return;
        this.#held = true;
        await flow.waves("dev", found);
        return;
      }
      case "hold":
        this.#held = true;
        await placeStop(flow.forge(), { ...this.#placed(), kind: "hold", run: null, rollback: null });
        return;
      case "unhold":
        this.#held = false;
        await flow.unhold("dev");
        return;
      case "pin": {
        if (this.#pinned) await this.#carryOut({ act: "unpin" });
        this.#pinned = { target: `${act.service}@dev`, commit: this.#commits[act.commit] ?? "" };
        await placeStop(flow.forge(), { ...this.#placed(), kind: "pin", target: `${act.service}@dev`, commit: this.#pinned.commit });
        return;
      }
      case "unpin": {
        this.#pinned = null;
        const pins = (await standingStops(flow.forge(), "dev", 0)).filter(({ kind }) => kind === "pin");
        await liftStops(
          flow.forge(),
          pins.map(({ id }) => id),
          "ben",
        );
      }
    }
  }

  #placed = () => ({ environment: "dev", by: "ben", reason: "it is tried", commit: this.#commits[0] ?? "", production: false });

  #deploy({ services, commit }: Leg, options: Parameters<Workflow["deploy"]>[2] = {}): Promise<JobEnd> {
    return this.#flow.deploy("dev", services, { ...options, commit: this.#commits[commit] ?? "" });
  }

  #index = (commit: string | null): number => (commit === null ? -1 : this.#commits.indexOf(commit));

  #forwardOnly(acts: ReturnType<Workflow["acts"]>, live: ReadonlyMap<string, string | null>): void {
    const at = new Map([...live].map(([target, commit]) => [target, this.#index(commit)]));
    for (const { what, target, commit } of acts) {
      if (what !== "end") continue;
      assert.ok(this.#index(commit) >= (at.get(target) ?? -1), `${target} went back to ${commit}`);
      at.set(target, this.#index(this.#flow.live(target)));
    }
  }

  /** What records say serves is there, unless they say that nobody knows. */
  async #recordsAreTrue() {
    const records = recordsOf(await this.#flow.forge().deployments({ environment: "dev" }));
    const rows = rowsOf(records, null, 0).flatMap((change) => (change.table === "target" ? [change.row] : []));
    for (const { id, live, serving, unknown } of rows)
      if (serving && !unknown) assert.deepEqual([id, live?.commit], [id, this.#flow.live(id)]);
    return rows;
  }
}

function oneAtATime(acts: ReturnType<Workflow["acts"]>): void {
  const at = new Map<string, string>();
  for (const { what, target, attempt } of acts) {
    if (what === "begin") {
      assert.deepEqual([target, at.get(target)], [target, undefined]);
      at.set(target, attempt);
    } else at.delete(target);
  }
}

/** What two jobs would do alike is done once. */
function onceEach(acts: ReturnType<Workflow["acts"]>): void {
  const begun = acts.flatMap(({ what, target, commit }) => (what === "begin" ? [`${target} ${commit}`] : []));
  assert.deepEqual(begun, [...new Set(begun)]);
}

async function history(acts: readonly Act[]): Promise<void> {
  const flow = await Workflow.begin();
  const commits = Array.from({ length: COMMITS }, (_, i) =>
    flow.commit({ ...(i === 0 ? { "sluice.yaml": flow.file({ environments: "dev: {}" }) } : {}), "api/x": String(i), "web/x": String(i) }),
  );
  const played = new History(flow, commits);
  for (const act of acts) await played.play(act);
  await played.end();
}

const leg = { services: fc.subarray([...SERVICES], { minLength: 1 }), commit: fc.nat(COMMITS - 1) };
const draws = fc.array(fc.nat(3), { minLength: 20, maxLength: 20 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant("deploy"), fails: fc.option(fc.constantFrom(...SERVICES)), ...leg }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("killed"), after: fc.nat(9), ...leg }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("pair"), one: fc.record(leg), two: fc.record(leg), draws }) },
  fc.record({ act: fc.constantFrom("hold", "unhold", "unhold", "unpin", "rollback") }),
  fc.record({ act: fc.constant("pin"), service: fc.constantFrom(...SERVICES), commit: fc.nat(COMMITS - 1) }),
);

/** A failure names it: `SLUICE_SEED` plays it again. */
const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const HISTORIES = Number(process.env["SLUICE_HISTORIES"] ?? 3);

test(
  "of what jobs do in any order, killed, at once, held, pinned and rolled back, nothing breaks a promise",
  { timeout: 180_000 + HISTORIES * 30_000 },
  async () => {
    // two jobs at one target, and one that is killed as it begins there
    const both = { services: ["api"], commit: 1 } as const;
    const known: Act[] = [
      { act: "pair", one: both, two: both, draws: [1] },
      { act: "pair", one: { services: ["web", "api"], commit: 2 }, two: { services: ["api", "web"], commit: 2 }, draws: [0, 1, 2] },
      { act: "killed", after: 2, services: ["web", "api"], commit: 3 },
    ];
    const property = fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 7 }), history);
    const limit = HISTORIES > 3 ? {} : { interruptAfterTimeLimit: 45_000 };
    await fc.assert(property, { seed, numRuns: HISTORIES, endOnFailure: true, examples: [[known]], ...limit });
  },
);
