import { expect, onTestFinished, test, vi } from "vitest";
import type { Observed } from "../../../src/core/run/events.ts";
import type { Driver, ObjectChange } from "../../../src/engine/ports/driver.ts";
import { NoopExecutor, noopDriver } from "../../rig/noop.ts";
import { fileOf, Story } from "./rollback-rig.ts";

const all = (text: string) => ({ "api/x": text, "jobs/x": text, "web/x": text });
type Seen = Extract<Observed, { readonly kind: "live" }>;
const object = (part: Partial<ObjectChange>): ObjectChange => ({
  kind: "Deployment",
  name: "api",
  namespace: "harbor",
  change: "changed",
  before: "replicas: 5\n",
  after: "replicas: 2\n",
  ...part,
});
const SAME = object({ kind: "Service", change: "same", before: "a\n", after: "a\n" });

/** Attempts begin and never end. */
class Endless extends NoopExecutor {
  override start(): Promise<void> {
    return Promise.resolve();
  }
}

/** One is live in dev; from then on a driver says of each target what it is told to, and else that it is as it was left. */
class Fleet {
  readonly story: Story;
  commit = "";
  readonly says = new Map<string, Partial<Seen> | Observed | Error | "hangs">();
  readonly objects = new Map<string, readonly ObjectChange[] | Error>();
  /** Told of each look before it is answered. */
  looking: (target: string) => Promise<void> = async () => {};
  comparing: (input: { readonly commit: string }) => void = () => {};
  readonly began = Promise.withResolvers<void>();
  constructor(story: Story) {
    this.story = story;
  }
  static async begin(options: { environments?: string; more?: string } = {}): Promise<Fleet> {
    const fleet = new Fleet(await Story.begin());
    onTestFinished(() => fleet.story.end());
    const file = fileOf({ environments: options.environments ?? "dev: {}, prod: { needs: [dev] }" }) + (options.more ?? "");
    fleet.commit = fleet.story.commit({ "sluice.yaml": file, ...all("1") }, "one");
    await fleet.story.deploy(fleet.commit);
    await fleet.story.open(fleet.story.repo, { driver: { ...noopDriver, ...fleet.driver } });
    return fleet;
  }
  readonly driver: Partial<Driver> = {
    observe: async ({ target }) => {
      const said = this.says.get(target);
      await this.looking(target);
      if (said instanceof Error) throw said;
      if (said === "hangs") {
        this.began.resolve();
        return await new Promise(() => {});
      }
      if (said && "kind" in said && said.kind) return said as Observed;
      return { kind: "live", commit: this.commit, digest: null, attempt: null, health: "healthy", url: null, ...said };
    },
    compare: async (input) => {
      const { target } = input;
      this.comparing(input);
      const said = this.objects.get(target) ?? [SAME];
      if (said instanceof Error) throw said;
      return said;
    },
  };
  drift(services: readonly string[] | null = null, environments: readonly string[] | null = null) {
    return this.story.opened.engine.drift({ services, environments });
  }
  async of(service: string, environment = "dev") {
    return (await this.drift([service], [environment])).targets[0];
  }
}

test("nothing differs: each is as recorded", async () => {
  const fleet = await Fleet.begin();
  const { summary, targets } = await fleet.drift();
  expect(summary).toEqual({ none: 3, drift: 0, unknown: 0 });
  expect(targets[0]).toMatchObject({
    target: "api@dev",
    verdict: "none",
    commit: fleet.commit,
    deployed: fleet.commit,
    health: "healthy",
    differences: [],
    unknown: [],
    compared: 1,
    objects: [],
  });
});

test("objects that were changed, removed or added by hand", async () => {
  const fleet = await Fleet.begin();
  fleet.objects.set("api@dev", [
    object({}),
    SAME,
    object({ kind: "ConfigMap", change: "added", before: null, after: "a: 1\n" }),
    object({ kind: "Job", change: "removed", before: "b: 1\n", after: null }),
  ]);
  expect(await fleet.of("api")).toMatchObject({
    verdict: "drift",
    differences: [],
    compared: 4,
    objects: [
      { kind: "Deployment", drift: "different", recorded: "replicas: 2\n", live: "replicas: 5\n", cut: false },
      { kind: "ConfigMap", drift: "missing", recorded: "a: 1\n", live: null },
      { kind: "Job", drift: "extra", recorded: null, live: "b: 1\n" },
    ],
  });
});

test("another commit, attempt or artifact than the ledger says, or nothing at all", async () => {
  const fleet = await Fleet.begin();
  const two = fleet.story.commit({ "api/x": "2" }, "two");
  fleet.says.set("api@dev", { commit: two });
  fleet.says.set("jobs@dev", { attempt: "somebody-else" });
  fleet.says.set("web@dev", { kind: "absent" });
  const { summary, targets } = await fleet.drift();
  expect(summary).toEqual({ none: 0, drift: 3, unknown: 0 });
  expect(targets.map(({ differences }) => differences)).toEqual([
    [`${two.slice(0, 12)} is live, and the ledger says ${fleet.commit.slice(0, 12)}`],
    [expect.stringMatching(/^it was applied by attempt somebody-else, and the ledger says /)],
    ["nothing of it is there"],
  ]);
  expect(targets[2]?.health).toBe("none");
  expect((await fleet.story.opened.store.ledger("api@dev", { limit: 10, cursor: null })).items).toHaveLength(1);
});

test("what could not be looked at is not known, and never no drift; what was found beside it is drift all the same", async () => {
  const fleet = await Fleet.begin();
  fleet.says.set("api@dev", new Error("connect ECONNREFUSED"));
  fleet.says.set("jobs@dev", { kind: "unobservable" });
  fleet.objects.set("jobs@dev", [object({})]);
  fleet.objects.set("web@dev", new Error("forbidden: cannot get deployments"));
  fleet.objects.set("api@dev", new Error("a chart that is gone"));
  const { summary, targets } = await fleet.drift();
  expect(summary).toEqual({ none: 0, drift: 1, unknown: 2 });
  expect(targets.map(({ verdict, unknown }) => [verdict, unknown])).toEqual([
    ["unknown", ["what is live could not be looked at: connect ECONNREFUSED", "its objects could not be compared: a chart that is gone"]],
    ["drift", ["its driver noop cannot say what is live"]],
    ["unknown", ["its objects could not be compared: forbidden: cannot get deployments"]],
  ]);
});

test("what keeps from both is said once", async () => {
  const fleet = await Fleet.begin();
  fleet.says.set("api@dev", { kind: "error", message: "api@dev: connect ECONNREFUSED" });
  fleet.objects.set("api@dev", new Error("connect ECONNREFUSED"));
  expect((await fleet.of("api"))?.unknown).toEqual(["it could not be looked at: connect ECONNREFUSED"]);
});

test("one that hangs costs its own time and hides no other", async () => {
  const fleet = await Fleet.begin();
  fleet.says.set("api@dev", "hangs");
  const answer = fleet.drift();
  await fleet.began.promise;
  fleet.story.clock.to(fleet.story.clock.at + 60_000);
  expect((await answer).targets.map(({ verdict, unknown }) => [verdict, unknown])).toEqual([
    ["unknown", ["what is live could not be looked at: there was no answer within 60 s"]],
    ["none", []],
    ["none", []],
  ]);
});

test("what came from outside is drift, and its objects are compared with what Sluice deployed last", async () => {
  const compared: (string | undefined)[] = [];
  const fleet = await Fleet.begin();
  const { store } = fleet.story.opened;
  const two = fleet.story.commit({ "api/x": "2" }, "two");
  fleet.says.set("api@dev", { commit: two });
  fleet.objects.set("api@dev", [object({})]);
  fleet.comparing = ({ commit }) => compared.push(commit);
  // the watch between runs finds it, and records it
  await vi.waitFor(async () => {
    fleet.story.clock.to(fleet.story.clock.at + 11_000);
    expect((await store.targets({ service: "api" }, { limit: 1, cursor: null })).items[0]?.live?.commit).toBe(two);
  });
  expect(await fleet.of("api")).toMatchObject({
    verdict: "drift",
    commit: two,
    deployed: fleet.commit,
    differences: [`${two.slice(0, 12)} came from outside; Sluice deployed ${fleet.commit.slice(0, 12)} last`],
    objects: [{ kind: "Deployment" }],
  });
  expect(compared).toEqual([fleet.commit]);
});

test("what was there before Sluice has nothing to be compared with, which is not known", async () => {
  const story = await Story.begin({
    driver: {
      ...noopDriver,
      observe: async () => ({ kind: "live", commit: null, digest: null, attempt: null, health: "healthy", url: null }),
    },
  });
  onTestFinished(() => story.end());
  const one = story.commit({ "sluice.yaml": fileOf(), ...all("1") }, "one");
  // nobody knows which commit is live: it diverges, and is left
  await story.deploy(one);
  const { targets } = await story.opened.engine.drift({ services: ["api"], environments: ["dev"] });
  expect(targets[0]).toMatchObject({
    verdict: "unknown",
    deployed: null,
    unknown: ["Sluice has never deployed it, so there is nothing to compare it with"],
  });
});

test("while a run changes it, and where it was changed meanwhile, nothing is judged", async () => {
  const fleet = await Fleet.begin();
  const { story } = fleet;
  const two = story.commit(all("2"), "two");
  let deployed = false;
  fleet.looking = async (target) => {
    if (target !== "api@dev" || deployed) return;
    deployed = true;
    await story.deploy(two, "dev", { services: ["api"] });
  };
  fleet.says.set("api@dev", { commit: two });
  expect(await fleet.of("api")).toMatchObject({ verdict: "unknown", unknown: ["it was changed while it was looked at: ask again"] });

  await story.open(story.repo, { driver: { ...noopDriver, ...fleet.driver }, executor: new Endless() });
  const { engine, store } = story.opened;
  const { run } = await engine.deploy({ ...story.asked(two), services: ["jobs"] }, { name: "ana" });
  await story.committed(async () => (await store.targets({ service: "jobs" }, { limit: 1, cursor: null })).items[0]?.busy != null);
  expect(await fleet.of("jobs")).toMatchObject({
    verdict: "unknown",
    differences: [],
    unknown: [`run ${run.id} changes it now (deploy:jobs@dev)`],
  });
});

test("a job is never live, and has nothing to drift", async () => {
  const fleet = await Fleet.begin({ more: "  seed: { tier: backend, job: true, paths: [seed], deploy: { noop: {} } }\n" });
  expect((await fleet.story.opened.store.targets({ service: "seed" }, { limit: 1, cursor: null })).items).toHaveLength(1);
  expect((await fleet.drift()).targets.map(({ target }) => target)).toEqual(["api@dev", "jobs@dev", "web@dev"]);
});

test("a credential's value is in none of it", async () => {
  vi.stubEnv("TOKEN", "hunter2-hunter2");
  onTestFinished(() => void vi.unstubAllEnvs());
  const fleet = await Fleet.begin({ environments: "dev: { credentials: [TOKEN] }" });
  fleet.says.set("api@dev", new Error("hunter2-hunter2 is refused"));
  fleet.objects.set("api@dev", [object({ before: "hunter2-hunter2", after: "x" })]);
  fleet.objects.set("jobs@dev", new Error("hunter2-hunter2 is refused"));
  const report = await fleet.drift();
  expect(report.targets[0]?.objects[0]).toMatchObject({ recorded: "x", live: "***" });
  expect(report.targets[1]?.unknown).toEqual(["its objects could not be compared: *** is refused"]);
  expect(JSON.stringify(report)).not.toContain("hunter2");
});

test("what is not there is refused by name; where nothing is live there is nothing to say", async () => {
  const fleet = await Fleet.begin();
  await expect(fleet.drift(null, ["nowhere"])).rejects.toMatchObject({ code: "not-found", hint: "known: dev, prod" });
  await expect(fleet.drift(["nosuch"])).rejects.toMatchObject({
    code: "not-found",
    message: "nothing of a service nosuch has been deployed",
  });
  await expect(fleet.drift(["api"], ["prod"])).rejects.toThrow("nothing of a service api has been deployed in prod");
  expect(await fleet.drift(null, ["prod"])).toEqual({ summary: { none: 0, drift: 0, unknown: 0 }, targets: [] });
});
