import { expect, onTestFinished, test, vi } from "vitest";
import type { Driver, ObjectChange } from "../../../src/engine/ports/driver.ts";
import { bigProject, DEPLOY_ALL, noopDriver, oneCommit } from "../../rig/noop.ts";
import { type NoopOptions, openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";

const COMMIT = "c".repeat(40);
const MB = 1024 * 1024;

async function opened(driver: Partial<Driver>, project: string, options: NoopOptions = {}) {
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, project), { driver: { ...noopDriver, ...driver }, ...options });
  onTestFinished(close);
  const diff = (part: { commit?: string; environment?: string; services?: readonly string[] | null } = {}) =>
    engine.diff({ commit: "HEAD", environment: "devnet", services: null, ...part });
  return { engine, store, diff };
}
const diffWith = async (driver: Partial<Driver>, services: number, project = bigProject(services)) =>
  await (await opened(driver, project)).diff();

const object = (part: Partial<ObjectChange>): ObjectChange => ({
  kind: "Deployment",
  name: "api",
  namespace: "harbor",
  change: "changed",
  before: "replicas: 1\n",
  after: "replicas: 2\n",
  ...part,
});
const SAME = object({ kind: "Service", change: "same", before: "a\n", after: "a\n" });

test("texts are bounded, each and all together, and say so", async () => {
  const { targets } = await diffWith({ render: () => Promise.resolve("x".repeat(1_000_000)) }, 300);
  expect(targets).toHaveLength(300);
  expect(targets.every(({ cut }) => cut)).toBe(true);
  expect(targets[0]?.after).toHaveLength(65_536);
  expect(targets.reduce((sum, { after }) => sum + (after?.length ?? 0), 0)).toBeLessThanOrEqual(8 * MB);
  const small = await diffWith({ render: () => Promise.resolve("x".repeat(65_536)) }, 2);
  expect(small.targets.map(({ cut }) => cut)).toEqual([false, false]);
});

test("what cannot be rendered is shown as its definition, with why; a credential's value is in neither", async () => {
  vi.stubEnv("TOKEN", 'quo"ted-secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = bigProject(1).replace("devnet: {}", 'devnet: { credentials: [TOKEN], variables: { PLAIN: "quo\\"ted-secret" } }');
  const { targets, summary } = await diffWith({ render: () => Promise.reject(new Error('no chart at quo"ted-secret')) }, 1, project);
  expect(targets[0]).toMatchObject({ from: null, before: null, change: "unknown", problem: "no chart at ***" });
  expect(JSON.parse(targets[0]?.after ?? "")).toMatchObject({ environment: "devnet", credentials: ["TOKEN"], variables: { PLAIN: "***" } });
  expect(summary.targets).toEqual({ changed: 0, same: 0, unknown: 1 });
});

test("which kubeconfig was read is no secret", async () => {
  vi.stubEnv("KUBECONFIG", "/home/ana/.kube/shop");
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = bigProject(1).replace("devnet: {}", "devnet: { credentials: [KUBECONFIG] }");
  const { targets } = await diffWith({ render: () => Promise.reject(new Error("/home/ana/.kube/shop is empty")) }, 1, project);
  expect(targets[0]).toMatchObject({ problem: "/home/ana/.kube/shop is empty" });
});

test("a driver that can is asked for objects, and not for texts: counted for each target and for all", async () => {
  const answers: Readonly<Record<string, readonly ObjectChange[]>> = {
    "s0@devnet": [object({}), object({ kind: "ConfigMap", change: "added", before: null }), SAME],
    "s1@devnet": [SAME],
    "s2@devnet": [object({ change: "removed", after: null }), SAME, SAME],
  };
  const rendered: string[] = [];
  const found = await diffWith(
    {
      render: ({ target }) => Promise.resolve(rendered.push(target).toString()),
      compare: ({ target }) => Promise.resolve(answers[target] ?? []),
    },
    3,
  );
  expect(rendered).toEqual([]);
  expect(found.targets.map(({ target, change, counts }) => [target, change, counts])).toEqual([
    ["s0@devnet", "changed", { added: 1, changed: 1, removed: 0, same: 1 }],
    ["s1@devnet", "same", { added: 0, changed: 0, removed: 0, same: 1 }],
    ["s2@devnet", "changed", { added: 0, changed: 0, removed: 1, same: 2 }],
  ]);
  expect(found.summary).toEqual({
    targets: { changed: 2, same: 1, unknown: 0 },
    objects: { added: 1, changed: 1, removed: 1, same: 4 },
  });
  expect(found.targets[0]?.objects).toEqual([
    { ...object({}), cut: false },
    { ...object({ kind: "ConfigMap", change: "added", before: null }), cut: false },
    { ...SAME, before: null, after: null, cut: false },
  ]);
  expect(found.targets.every(({ before, after, uncompared }) => before === null && after === null && uncompared === null)).toBe(true);
});

test("an object's texts say no credential's value, also of several lines and inside of JSON, and nothing that is hidden already comes back", async () => {
  vi.stubEnv("TOKEN", "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----");
  vi.stubEnv("PASSWORD", 'quo"ted-secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = bigProject(1).replace("devnet: {}", "devnet: { credentials: [TOKEN, PASSWORD] }");
  const before = "data:\n  password: <hidden 1f3a>\n";
  const after = 'data:\n  password: <hidden 77b0>\n  key: |\n    MIIEowIBAAKCAQEA\nargs: ["quo\\"ted-secret"]\n';
  const { targets } = await diffWith({ compare: () => Promise.resolve([object({ kind: "Secret", before, after })]) }, 1, project);
  expect(targets[0]?.objects?.[0]).toMatchObject({
    before,
    after: 'data:\n  password: <hidden 77b0>\n  key: |\n    ***\nargs: ["***"]\n',
  });
});

test("what cannot be compared says why and is shown as texts, and hides no other", async () => {
  const compare: Driver["compare"] = ({ target }) =>
    target === "s0@devnet" ? Promise.reject(new Error("the API server does not answer")) : Promise.resolve([SAME]);
  const { targets } = await diffWith({ compare, render: () => Promise.resolve("kind: Deployment\n") }, 2);
  expect(targets[0]).toMatchObject({
    change: "changed",
    objects: null,
    uncompared: "the API server does not answer",
    after: "kind: Deployment\n",
    problem: null,
  });
  expect(targets[1]).toMatchObject({ change: "same", uncompared: null });
});

test("a driver that hangs, whatever it is asked, costs its own time and no more", async () => {
  const clock = new SetClock(Date.UTC(2026, 0, 31));
  const hangs: PromiseWithResolvers<void>[] = [Promise.withResolvers(), Promise.withResolvers()];
  const aborted: boolean[] = [];
  const hang = (index: number, signal: AbortSignal) =>
    new Promise<never>(() => {
      signal.addEventListener("abort", () => aborted.push(signal.aborted));
      hangs[index]?.resolve();
    });
  const { diff } = await opened(
    { compare: (_, { signal }) => hang(0, signal), render: (_, { signal }) => hang(1, signal) },
    bigProject(1),
    {
      clock,
    },
  );
  const answer = diff();
  for (const { promise } of hangs) {
    await promise;
    clock.to(clock.at + 120_000);
  }
  const why = "there was no answer within 120 s";
  expect((await answer).targets[0]).toMatchObject({ change: "unknown", uncompared: why, problem: why });
  expect(aborted).toEqual([true, true]);
});

test("three hundred targets: six at once, and when the time for all is over the rest say so", async () => {
  const clock = new SetClock(Date.UTC(2026, 0, 31));
  let now = 0;
  let most = 0;
  let asked = 0;
  const compare: Driver["compare"] = async () => {
    most = Math.max(most, ++now);
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    clock.at += 2_000;
    return [object({})];
  };
  const { diff } = await opened({ compare, render: () => Promise.reject(new Error("not asked")) }, bigProject(300), { clock });
  const { targets, summary } = await diff();
  expect(targets).toHaveLength(300);
  expect(most).toBe(6);
  expect(asked).toBeLessThan(140);
  expect(summary.targets).toEqual({ changed: asked, same: 0, unknown: 300 - asked });
  expect(targets.at(-1)?.problem).toContain("no time left");
});

test("objects of megabytes and in their thousands are bounded, and counted all the same", async () => {
  const many = Array.from({ length: 2_000 }, (_, i) => object({ name: `d${i}`, change: i % 4 === 0 ? "changed" : "same" }));
  const big = Array.from({ length: 200 }, (_, i) => object({ name: `b${i}`, before: "a".repeat(MB), after: "b".repeat(MB) }));
  const { targets } = await diffWith({ compare: ({ target }) => Promise.resolve(target === "s0@devnet" ? many : big) }, 2);
  expect(targets[0]).toMatchObject({ cut: true, counts: { added: 0, changed: 500, removed: 0, same: 1_500 } });
  expect(targets[0]?.objects).toHaveLength(500);
  expect(targets[0]?.objects?.every(({ change }) => change === "changed")).toBe(true);
  expect(targets[1]?.objects?.[0]).toMatchObject({ cut: true });
  const size = targets
    .flatMap(({ objects }) => objects ?? [])
    .reduce((sum, o) => sum + (o.before?.length ?? 0) + (o.after?.length ?? 0), 0);
  expect(size).toBeLessThanOrEqual(8 * MB);
});

test("before its build has ended the artifact is said to be missing; afterwards its digest is part of what is compared", async () => {
  const digests: (string | null)[] = [];
  const compare: Driver["compare"] = ({ digest }) => Promise.resolve(digests.push(digest) > 0 ? [object({})] : []);
  const { engine, store, diff } = await opened({ compare }, bigProject(1));
  expect((await diff()).targets[0]).toMatchObject({ artifact: null, unbuilt: "mega" });
  const { run } = await engine.deploy({ ...DEPLOY_ALL, environments: ["devnet"] }, { name: "ana" });
  await untilCommitted(engine, async () => (await store.run(run.id))?.status === "succeeded");
  const digest = `sha256:${"0".repeat(64)}`;
  expect((await diff()).targets[0]).toMatchObject({ artifact: digest, unbuilt: null, from: COMMIT });
  expect(digests).toEqual([null, digest]);
});

test("several who ask for the same at once are told the same, and drivers are asked once", async () => {
  let asked = 0;
  const { diff } = await opened({ compare: async () => [object({ name: String((asked += 1)) })] }, bigProject(1));
  const [one, two] = await Promise.all([diff(), diff()]);
  expect(two).toBe(one);
  expect(asked).toBe(1);
  await diff();
  expect(asked).toBe(2);
});

test("what is not there is refused by name", async () => {
  const { diff } = await opened({}, bigProject(1));
  await expect(diff({ environment: "nowhere" })).rejects.toThrow("nowhere");
  await expect(diff({ services: ["nosuch"] })).rejects.toThrow("nosuch");
  await expect(diff({ commit: "dead" })).rejects.toThrow("no commit dead");
});
