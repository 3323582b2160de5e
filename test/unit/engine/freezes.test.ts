import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Configs } from "../../../src/engine/configs.ts";
import { Freezes } from "../../../src/engine/freezes.ts";
import { Loop } from "../../../src/engine/loop.ts";
import type { Source } from "../../../src/engine/ports/source.ts";
import type { Store } from "../../../src/engine/ports/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { DEPLOY_ALL, NoopExecutor, noopDriver, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";

const MINUTE = 60_000;
const time = (text: string): number => Date.parse(text);
const project = (freeze: string, environments = ""): string => `version: 1
project: big
environments: { dev: {}, prod: { needs: [dev], freeze: ${freeze} }${environments} }
services: { api: { tier: backend, deploy: { noop: {} } } }
`;

/** The policy ref, which a test moves. */
class Policy {
  commit = 1;
  text: string;
  constructor(text: string) {
    this.text = text;
  }
  move(text: string): void {
    this.commit += 1;
    this.text = text;
  }
  get id(): string {
    return String(this.commit).padStart(40, "0");
  }
  get source(): Source {
    return {
      ...oneCommit(this.id, this.text),
      resolve: () => Promise.resolve(this.id),
      policyRef: () => Promise.resolve({ ref: "main", commit: this.id }),
      file: () => Promise.resolve(this.text),
    };
  }
}

/** Knows when somebody has set a timer: then what the last one began is done. */
class Timers extends SetClock {
  set = 0;
  override after(ms: number, callback: () => void): () => void {
    this.set += 1;
    return super.after(ms, callback);
  }
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function homeOfTest(): string {
  const home = mkdtempSync(join(tmpdir(), "sluice-freezes-"));
  cleanups.push(() => Promise.resolve(rmSync(home, { recursive: true, force: true })));
  return home;
}

class World {
  readonly warned: string[] = [];
  readonly clock: Timers;
  readonly loop: Loop;
  readonly store: Store;
  readonly freezes: Freezes;
  #closing: Promise<void> | null = null;

  private constructor(policy: Policy, now: number, store: Store) {
    const log = (level: string, message: string): void => void (level === "warn" && this.warned.push(message));
    this.clock = new Timers(now);
    this.store = store;
    this.loop = new Loop({ store, clock: this.clock, log, dispatch: () => {}, deposed: () => {} });
    const configs = new Configs(policy.source, [noopDriver.schema]);
    this.freezes = new Freezes({ loop: this.loop, configs, clock: this.clock, policyRef: null, log });
  }

  static async open(policy: Policy, now: string, home: string = homeOfTest()): Promise<World> {
    const world = new World(policy, time(now), await openSqliteStore(home, { version: "0.0.0" }));
    cleanups.push(() => world.close());
    await world.freezes.read();
    await world.loop.open(() => world.freezes.due());
    await world.loop.flush();
    world.freezes.start();
    return world;
  }

  /** Once is enough, twice does no harm. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.freezes.close();
    await this.loop.close();
    await this.store.close();
  }

  /** To a time at which a timer ends, and until all that it began is done. */
  async to(at: string | number): Promise<void> {
    const { set } = this.clock;
    this.clock.to(typeof at === "string" ? time(at) : at);
    await vi.waitFor(() => {
      if (this.clock.set === set) throw new Error("no timer has been set anew");
    });
    await this.loop.flush();
  }

  /** Every word on freezes so far: when, where, until when. */
  async said(): Promise<readonly string[]> {
    const log = await this.store.eventsAfter(0, 1_000);
    return log.flatMap(({ at, type, changes }) =>
      changes.flatMap((change) => {
        if (change.table !== "environment") return [];
        const { id, freeze } = change.row;
        const what = freeze ? `until ${iso(freeze.until)}${freeze.reason === null ? "" : ` ${freeze.reason}`}` : "";
        return [`${iso(at)} ${type.replace("environment.", "")} ${id} ${what}`.trimEnd()];
      }),
    );
  }
}

const iso = (at: number): string => new Date(at).toISOString().replace(":00.000Z", "Z");

test("a window begins and ends at its very times, and is told once", async () => {
  const world = await World.open(
    new Policy(project("[{ from: 2026-12-24T18:00:00+01:00, until: 2027-01-02T00:00:00Z, reason: holidays }]")),
    "2026-12-24T16:59:30Z",
  );
  world.clock.to(time("2026-12-24T16:59:59.999Z"));
  await world.to("2026-12-24T17:00:00Z");
  for (let at = 1; at < 5; at++) await world.to(time("2026-12-24T17:00:00Z") + at * MINUTE);
  await world.to("2027-01-01T23:59:30Z");
  world.clock.to(time("2027-01-01T23:59:59.999Z"));
  await world.to("2027-01-02T00:00Z");
  await world.to("2027-01-02T00:10Z");
  expect(await world.said()).toEqual(["2026-12-24T17:00Z frozen prod until 2027-01-02T00:00Z holidays", "2027-01-02T00:00Z thawed prod"]);
});

test("one that comes again begins by the clocks of its zone, in winter and in summer", async () => {
  const world = await World.open(
    new Policy(project('[{ cron: "0 18 * * FRI", zone: Europe/Berlin, lasts: 62h }]')),
    "2027-03-19T16:59:30Z",
  );
  await world.to("2027-03-19T17:00Z");
  await world.to("2027-03-22T07:00Z");
  await world.to("2027-03-26T17:00Z"); // 62 hours, of which the clocks skip one
  await world.to("2027-03-29T07:00Z");
  await world.to("2027-04-02T15:59:30Z");
  await world.to("2027-04-02T16:00Z");
  expect(await world.said()).toEqual([
    "2027-03-19T17:00Z frozen prod until 2027-03-22T07:00Z",
    "2027-03-22T07:00Z thawed prod",
    "2027-03-26T17:00Z frozen prod until 2027-03-29T07:00Z",
    "2027-03-29T07:00Z thawed prod",
    "2027-04-02T16:00Z frozen prod until 2027-04-05T06:00Z",
  ]);
});

test("the times of opening are those inside a window, its beginning but not its end", async () => {
  const policy = new Policy(project('[{ cron: "0 18 * * FRI", zone: UTC, lasts: 1h, reason: weekly }]'));
  const at = async (now: string): Promise<readonly string[]> => await (await World.open(policy, now)).said();
  const frozen = (now: string): readonly string[] => [`${now} frozen prod until 2026-12-04T19:00Z weekly`];
  expect(await at("2026-12-04T17:59:59.999Z")).toEqual([]);
  expect(await at("2026-12-04T18:00Z")).toEqual(frozen("2026-12-04T18:00Z"));
  expect(await at("2026-12-04T18:59:59.999Z")).toEqual(frozen("2026-12-04T18:59:59.999Z"));
  expect(await at("2026-12-04T19:00Z")).toEqual([]);
});

test("windows that overlap or meet are one: its end is the last one's, and nothing thaws in between", async () => {
  const world = await World.open(
    new Policy(
      project(`[
        { from: 2026-12-01T10:00:00Z, until: 2026-12-01T12:00:00Z, reason: a },
        { from: 2026-12-01T11:00:00Z, until: 2026-12-01T13:00:00Z, reason: b },
        { cron: "0 13 * * *", zone: UTC, lasts: 1h, reason: c },
        { from: 2026-12-01T10:30:00Z, until: 2026-12-01T11:30:00Z, reason: inside }]`),
    ),
    "2026-12-01T09:59:30Z",
  );
  for (const at of ["10:00", "10:30", "11:00", "11:30", "12:00", "13:00", "14:00"]) await world.to(`2026-12-01T${at}Z`);
  expect(await world.said()).toEqual([
    "2026-12-01T10:00Z frozen prod until 2026-12-01T14:00Z a",
    "2026-12-01T11:00Z frozen prod until 2026-12-01T14:00Z b",
    "2026-12-01T13:00Z frozen prod until 2026-12-01T14:00Z c",
    "2026-12-01T14:00Z thawed prod",
  ]);
});

test("a freeze without an end in sight is not told anew with each of its windows", async () => {
  const world = await World.open(new Policy(project('[{ cron: "* * * * *", zone: UTC, lasts: 2m }]')), "2026-12-01T00:00Z");
  for (let at = 1; at <= 30; at++) await world.to(time("2026-12-01T00:00Z") + at * MINUTE);
  const said = await world.said();
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("frozen prod");
  await world.to("2026-12-02T00:00Z");
  expect((await world.said()).map((line) => line.split(" ")[1])).toEqual(["frozen", "frozen"]);
});

test("a policy ref that moves counts within a minute, also where it takes the environment away", async () => {
  const policy = new Policy(project("[]", ", old: { freeze: [{ from: 2026-12-01T00:00:00Z, until: 2026-12-31T00:00:00Z }] }"));
  const world = await World.open(policy, "2026-12-01T00:00Z");
  policy.move(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z }]"));
  await world.to("2026-12-01T00:01Z");
  policy.move(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-03T00:00:00Z, reason: longer }]"));
  await world.to("2026-12-01T00:02Z");
  policy.move(project("[]"));
  await world.to("2026-12-01T00:03Z");
  expect(await world.said()).toEqual([
    "2026-12-01T00:00Z frozen old until 2026-12-31T00:00Z",
    "2026-12-01T00:01Z frozen prod until 2026-12-02T00:00Z",
    "2026-12-01T00:01Z thawed old",
    "2026-12-01T00:02Z frozen prod until 2026-12-03T00:00Z longer",
    "2026-12-01T00:03Z thawed prod",
  ]);
});

test("a policy that cannot be read leaves its last word, whose windows go on, and is warned of once", async () => {
  const policy = new Policy(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T01:00:00Z }]"));
  const world = await World.open(policy, "2026-12-01T00:00Z");
  policy.move(project('[{ cron: "0 18 * * FRI", zone: Europe/Berln, lasts: 1h }]'));
  for (const at of ["00:01", "00:02", "01:00"]) await world.to(`2026-12-01T${at}Z`);
  expect(world.warned).toEqual(["policy cannot be read: freezes stay as it said last"]);
  expect(await world.said()).toEqual(["2026-12-01T00:00Z frozen prod until 2026-12-01T01:00Z", "2026-12-01T01:00Z thawed prod"]);

  policy.move(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T03:00:00Z }]"));
  await world.to("2026-12-01T01:01Z");
  expect((await world.said()).at(-1)).toBe("2026-12-01T01:01Z frozen prod until 2026-12-01T03:00Z");
  policy.move("broken: [");
  await world.to("2026-12-01T01:02Z");
  expect(world.warned).toHaveLength(2);
});

test("opened with a policy that cannot be read, what the store says stays, past its end too", async () => {
  const home = homeOfTest();
  const policy = new Policy(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T01:00:00Z }]"));
  const first = await World.open(policy, "2026-12-01T00:00Z", home);
  await first.close();
  const readable = policy.text;
  policy.move("broken: [");
  const second = await World.open(policy, "2026-12-01T00:30Z", home);
  await second.to("2026-12-01T02:00Z");
  expect(second.warned).toHaveLength(1);
  expect(await second.said()).toEqual(["2026-12-01T00:00Z frozen prod until 2026-12-01T01:00Z"]);
  policy.move(readable);
  await second.to("2026-12-01T02:01Z");
  expect((await second.said()).at(-1)).toBe("2026-12-01T02:01Z thawed prod");
});

test("a clock that was set back ends no freeze", async () => {
  const home = homeOfTest();
  const policy = new Policy(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T06:00:00Z }]"));
  await (await World.open(policy, "2026-12-01T00:30Z", home)).close();
  const world = await World.open(policy, "2026-11-30T20:00Z", home);
  await world.to("2026-11-30T20:01Z");
  expect(await world.said()).toEqual(["2026-12-01T00:30Z frozen prod until 2026-12-01T06:00Z"]);
  await world.to("2026-12-01T06:00Z");
  expect((await world.said()).at(-1)).toBe("2026-12-01T06:00Z thawed prod");
});

test("a deploy waits in a window for as long as it lasts", async () => {
  const clock = new SetClock(time("2026-12-01T00:00Z"));
  const started: string[] = [];
  const policy = new Policy(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T06:00:00Z, reason: audit }]"));
  const { engine, store, close } = await openNoopEngine(policy.source, { clock, onStart: (spec) => void started.push(spec.kind) });
  const { run } = await engine.deploy(DEPLOY_ALL, { name: "me" });
  const step = async () => (await store.steps(run.id)).find(({ id }) => id === "deploy:api@prod");
  await untilCommitted(engine, async () => (await step())?.reason?.code === "freeze");
  expect(await step()).toMatchObject({
    status: "waiting",
    reason: { environment: "prod", until: time("2026-12-01T06:00Z"), reason: "audit" },
  });
  expect(started).toEqual(["deploy", "verify"]);
  clock.to(time("2026-12-01T06:00Z"));
  await untilCommitted(engine, async () => (await store.run(run.id))?.status === "succeeded");
  expect(started).toEqual(["deploy", "verify", "deploy", "verify"]);
  await close();
});

test("a window that began while nobody drove is there before what was under way can let another start", async () => {
  const home = homeOfTest();
  const policy = new Policy(project("[{ from: 2026-12-01T00:00:00Z, until: 2026-12-01T06:00:00Z }]"));
  /** Leaves the verify in dev of the second run under way. */
  class Stuck extends NoopExecutor {
    override start(spec: Parameters<NoopExecutor["start"]>[0]): Promise<void> {
      return spec.kind === "verify" && spec.run === "2" ? Promise.resolve() : super.start(spec);
    }
  }
  const before = await openNoopEngine(policy.source, { home, clock: new SetClock(time("2026-11-30T23:00Z")), executor: new Stuck() });
  // so that all is known of prod, and the next deploy there waits for nothing but dev
  const first = await before.engine.deploy(DEPLOY_ALL, { name: "me" });
  await untilCommitted(before.engine, async () => (await before.store.run(first.run.id))?.status === "succeeded");
  const { run } = await before.engine.deploy({ ...DEPLOY_ALL, redeploy: true }, { name: "me" });
  const verify = async (store: Store) => (await store.steps(run.id)).find(({ id }) => id === "verify:api@dev")?.status;
  await vi.waitFor(async () => expect(await verify(before.store)).toBe("running"));
  await before.close();

  /** Says at once that the adopted attempt has ended. */
  class Ended extends NoopExecutor {
    #end: Parameters<NoopExecutor["onEnd"]>[0] = () => {};
    override onEnd(listener: Parameters<NoopExecutor["onEnd"]>[0]): void {
      this.#end = listener;
      super.onEnd(listener);
    }
    override start(spec: Parameters<NoopExecutor["start"]>[0]): Promise<void> {
      this.onStart(spec);
      this.#end(spec.id, { outcome: "succeeded", message: null, digest: null, changed: true, url: null });
      return Promise.resolve();
    }
  }
  const started: string[] = [];
  const after = await openNoopEngine(policy.source, {
    home,
    clock: new SetClock(time("2026-12-01T01:00Z")),
    executor: new Ended((spec) => void started.push(spec.kind === "build" ? "build" : `${spec.kind}:${spec.target}`)),
  });
  const step = async () => (await after.store.steps(run.id)).find(({ id }) => id === "deploy:api@prod");
  await untilCommitted(after.engine, async () => (await step())?.status === "waiting" && (await verify(after.store)) === "succeeded");
  expect((await step())?.reason?.code).toBe("freeze");
  expect(started).toEqual(["verify:api@dev"]);
  await after.close();
});
