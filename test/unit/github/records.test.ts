import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Journal } from "../../../src/app/ci/journal.ts";
import { Outputs } from "../../../src/app/ci/outputs.ts";
import { RecordingExecutor } from "../../../src/app/ci/recording.ts";
import type { Definition } from "../../../src/core/plan/plan.ts";
import type { AttemptSpec } from "../../../src/core/run/effects.ts";
import type { LedgerRow, TargetRow } from "../../../src/core/run/rows.ts";
import { runEnded } from "../../../src/core/run/status.ts";
import type { AttemptEnd } from "../../../src/engine/ports/executor.ts";
import type { Store } from "../../../src/engine/ports/store.ts";
import type { Deployment, Forge } from "../../../src/github/forge.ts";
import { buildDeployment, buildsOf } from "../../../src/github/records/builds.ts";
import { RecordError, recordsOf } from "../../../src/github/records/read.ts";
import { deploymentOf, type EndState, type Record, statusOf } from "../../../src/github/records/record.ts";
import { rowsOf } from "../../../src/github/records/rows.ts";
import { GitSource } from "../../../src/source/git.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { DEPLOY_ALL, NoopExecutor } from "../../rig/noop.ts";
import { type NoopEngine, openNoopEngine } from "../../rig/noop-engine.ts";
import { until } from "../../rig/wait.ts";
import { Repo } from "../source/repo.ts";
import { definition } from "../store/samples.ts";

/** Deployments as GitHub keeps them; what is made or said later has a later time. */
class Kept {
  readonly all: { -readonly [key in keyof Deployment]: Deployment[key] }[] = [];
  #at = 0;
  readonly forge = {
    createDeployment: (made) => {
      const { sha, environment, task, payload } = made;
      this.all.push({
        id: this.all.length + 1,
        sha,
        environment,
        task,
        payload,
        creator: "ana",
        createdAt: (this.#at += 1000),
        statuses: [],
      });
      return Promise.resolve(this.all.length);
    },
    setStatus: (id, { state, description, url }) => {
      const found = this.all[id - 1];
      if (found) found.statuses = [{ state, description, url: url ?? null, at: (this.#at += 1000) }, ...found.statuses];
      return Promise.resolve();
    },
    deployments: ({ environment, task }) =>
      Promise.resolve(this.all.filter((d) => d.environment === environment && (task === undefined || d.task === task)).toReversed()),
  } as Pick<Forge, "createDeployment" | "setStatus" | "deployments"> as Forge;
  records = (): readonly Record[] => recordsOf(this.all);
}

type Bad = { readonly kind: AttemptSpec["kind"]; readonly service: string; readonly changed: boolean; readonly tells: boolean };
type Act = { readonly environment: string; readonly services: readonly string[]; readonly commit: number; readonly bad: Bad | null };

/** Attempts end well but for the one that is to fail. */
class Attempts extends NoopExecutor {
  readonly #bad: () => Bad | null;
  readonly #failing = new Map<string, Pick<Bad, "changed" | "tells">>();
  constructor(bad: () => Bad | null) {
    super();
    this.#bad = bad;
  }
  override start(spec: AttemptSpec): Promise<void> {
    const bad = this.#bad();
    if (bad && "target" in spec && spec.kind === bad.kind && spec.target.startsWith(`${bad.service}@`))
      this.#failing.set(spec.id, { ...bad, tells: bad.tells || spec.kind === "deploy" });
    return super.start(spec);
  }
  override onEnd(listener: (attempt: string, end: AttemptEnd | "lost") => void): void {
    super.onEnd((attempt, end) => {
      const bad = this.#failing.get(attempt);
      listener(
        attempt,
        bad === undefined || end === "lost"
          ? end
          : { ...end, outcome: bad.tells ? "failed" : "errored", changed: bad.changed, message: "it said no" },
      );
    });
  }
}

const FILE = `version: 1
project: shop
environments: { dev: {}, prod: { needs: [dev] } }
services:
  api: { tier: backend, paths: [api], deploy: { noop: {} }, verify: { http: "http://x", soak: 1m } }
  jobs: { tier: backend, paths: [jobs], deploy: { noop: {} } }
  web: { tier: frontend, paths: [web], deploy: { noop: {} } }
`;
const SERVICES = ["api", "jobs", "web"] as const;
const OWN = new Set(SERVICES.flatMap((service) => [`${service}@dev` as const, `${service}@prod` as const]));

async function carryOut({ engine, store }: NoopEngine, { environment, services, commit }: Act, commits: readonly string[]): Promise<void> {
  const request = { ...DEPLOY_ALL, services, environments: [environment], commit: commits[commit] ?? "" };
  const { run } = await engine.deploy(request, { name: "ana" });
  const over = async (): Promise<boolean> => runEnded((await store.run(run.id))?.status ?? "queued");
  // what waits for something that nobody brings is not waited for
  await until(async () => (await engine.quiet()) || null, "nothing under way");
  if (!(await over())) await engine.cancel(run.id, { now: false, reason: null }, { name: "ana" });
  await until(async () => (await over()) || null, "the end of a run");
}

/** What a later run judges by, without the numbers of rows. */
async function seen(store: Store, commits: readonly string[]) {
  const live = (of: TargetRow["live"]) => of && [of.commit, of.digest, of.fingerprint, of.definition, of.needs];
  const { items } = await store.targets({}, { limit: 100, cursor: null });
  const ledger: { [target: string]: readonly unknown[] } = {};
  const entry = ({ commit, fingerprint, definition: of, ...e }: LedgerRow) => [commit, fingerprint, of, e.live, e.serving, e.good];
  for (const { id } of items) ledger[id] = (await store.ledger(id, { limit: 100, cursor: null })).items.map(entry);
  return {
    targets: items
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap((t) => (ledger[t.id]?.length ? [[t.id, live(t.live), t.serving, t.good, live(t.lastGood), t.unknown]] : [])),
    ledger: Object.fromEntries(Object.entries(ledger).filter(([, entries]) => entries.length > 0)),
    good: (await Promise.all(commits.map((commit) => store.goodTargets(commit)))).map((targets) => targets.toSorted()),
  };
}

const act: fc.Arbitrary<Act> = fc.record({
  environment: fc.constantFrom("dev", "dev", "prod"),
  services: fc.subarray([...SERVICES], { minLength: 1 }),
  commit: fc.nat(2),
  bad: fc.option(
    fc.record({
      kind: fc.constantFrom("deploy", "verify", "soak"),
      service: fc.constantFrom(...SERVICES),
      changed: fc.boolean(),
      tells: fc.boolean(),
    }),
  ),
});

test("jobs that know nothing but records come out as one engine that remembers everything", { timeout: 120_000 }, async () => {
  const repo = new Repo();
  onTestFinished(() => repo.remove());
  const commits = ["1", "2", "3"].map((text) => repo.commit({ "sluice.yaml": FILE, "api/x": text, "jobs/x": text }));
  const source = new GitSource({ directory: repo.directory });
  const property = fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 5 }), async (acts) => {
    let bad: Bad | null = null;
    const lasting = await openNoopEngine(source, { executor: new Attempts(() => bad) });
    const kept = new Kept();
    try {
      for (const [i, one] of acts.entries()) {
        bad = one.bad;
        await carryOut(lasting, one, commits);
        const home = mkdtempSync(join(tmpdir(), "sluice-records-"));
        const believed = { of: (records: readonly Record[]) => Promise.resolve(records) };
        const parts = {
          forge: kept.forge,
          believed,
          run: `${i + 1}/1` as const,
          records: kept.records(),
          production: false,
          logUrl: "",
          now: () => 0,
        };
        const journal = new Journal(parts, OWN);
        const outputs = new Outputs({}, () => {});
        const rows = rowsOf(kept.records(), null, 0);
        await (await openSqliteStore(home, { version: "0.0.0", seed: rows })).close();
        const job = await openNoopEngine(source, {
          home,
          between: (store) => journal.between(store),
          executor: (store) => new RecordingExecutor({ executor: new Attempts(() => bad), store, journal, expected: {}, outputs }),
        });
        await carryOut(job, one, commits);
        await journal.end();
        await job.close();
        rmSync(home, { recursive: true, force: true });

        const seeded = await openSqliteStore(home, { version: "0.0.0", seed: rowsOf(kept.records(), null, 0) });
        const [told, remembered] = [await seen(seeded, commits), await seen(lasting.store, commits)];
        await seeded.close();
        rmSync(home, { recursive: true, force: true });
        expect(told).toEqual(remembered);
      }
    } finally {
      await lasting.close();
    }
  });
  // a soak that could not be told, and the same release once more: the later soak decides about the earlier act
  const soakLater: Act[] = [
    { environment: "dev", services: ["api"], commit: 0, bad: { kind: "soak", service: "api", changed: false, tells: false } },
    { environment: "dev", services: ["api"], commit: 0, bad: null },
    { environment: "prod", services: ["api"], commit: 0, bad: null },
  ];
  const numRuns = Number(process.env["SLUICE_RECORD_RUNS"] ?? 8);
  await fc.assert(property, { numRuns, interruptAfterTimeLimit: 60_000, examples: [[soakLater]] });
});

const made = {
  kind: "deploy",
  target: "api@devnet",
  service: "api",
  environment: "devnet",
  commit: "1".repeat(40),
  attempt: "1-2-x",
  run: "7/1",
  digest: null,
  fingerprint: "f",
  definition: definition(),
  production: false,
} as const;
const deployment = (more: Partial<Deployment> = {}): Deployment => {
  const { sha, environment, task, payload } = deploymentOf(made);
  return { id: 3, sha, environment, task, payload, creator: "ana", createdAt: 5, statuses: [], ...more };
};
const said = (...states: EndState[]) => states.map((state, i) => ({ url: null, at: 10 + i, ...statusOf(state) })).toReversed();

test("foreign deployments are no records, also those that GitHub makes for a job's environment", () => {
  expect(recordsOf([deployment({ task: "deploy", payload: {} }), deployment({ task: "deploy:migrations", payload: "" })])).toEqual([]);
});

test("all that a definition may say comes back as it was", () => {
  const full: Required<Definition> = {
    ...definition(),
    irreversible: ["db"],
    image: "registry.example/harbor",
    cluster: "u-1",
    allowed: { namespaces: ["harbor"], clusterScoped: false },
  };
  const { payload } = deploymentOf({ ...made, definition: full });
  expect(recordsOf([deployment({ payload })])).toMatchObject([{ definition: full }]);
});

test("what was built is recorded by artifact, and the newest build counts", () => {
  const built = (id: number, artifact: string, digest: string): Deployment => {
    const { sha, environment, task, payload } = buildDeployment(made.commit, `build-${id}`, { artifact, digest });
    return { id, sha, environment, task, payload, creator: "ana", createdAt: id, statuses: [] };
  };
  const [one, two] = ["1", "2"].map((text) => `sha256:${text.repeat(64)}`) as [string, string];
  const all = [built(9, "mega", two), built(7, "mega", one), built(8, "web@prod", one)];
  expect(Object.fromEntries(buildsOf(all))).toEqual({ mega: two, "web@prod": one });
  expect(recordsOf(all)).toEqual([]);
  expect(() => buildsOf([{ ...built(9, "mega", two), payload: { sluice: 1 } }])).toThrow(RecordError);
});

test.each([
  ["no payload", { payload: "" }],
  ["another form", { payload: { ...(deployment().payload as object), sluice: 2 } }],
  ["a field that is not known", { payload: { ...(deployment().payload as object), more: 1 } }],
  ["another environment", { environment: "mainnet" }],
  ["another task", { task: "sluice:web" }],
])("one of ours that cannot be read stops whoever reads it: %s", (_name, more) => {
  expect(() => recordsOf([deployment(more)])).toThrow(RecordError);
  expect(() => recordsOf([deployment(more)])).toThrow("deployment 3");
});

test.each([
  { statuses: [], state: "under-way" },
  { statuses: said("serving"), state: "serving" },
  { statuses: said("serving", "good"), state: "good" },
  { statuses: said("good"), state: "good" },
  { statuses: said("unchanged"), state: "unchanged" },
  { statuses: said("changed"), state: "changed" },
  { statuses: said("unknown"), state: "unknown" },
  // what others set is not taken for a word of ours, neither for good nor for bad
  ...(["success", "failure", "error", "queued", "pending", "waiting", "in_progress", "inactive"] as const).flatMap((state) => {
    const foreign = { state, description: "Deployed by a bot", url: null, at: 20 };
    return [
      { statuses: [foreign], state: "under-way" },
      { statuses: [foreign, ...said("good")], state: "good" },
    ];
  }),
])("a record is $state", ({ statuses, state }) => {
  expect(recordsOf([deployment({ statuses })])).toMatchObject([{ state, target: "api@devnet", run: "7/1" }]);
});

test("what nobody has heard of since is in doubt until something else becomes live", () => {
  const records = (...statuses: Deployment["statuses"][]) =>
    recordsOf(
      statuses.map((s, i) => deployment({ id: i + 1, createdAt: 100 * i, statuses: s.map((x) => ({ ...x, at: x.at + 100 * i })) })),
    );
  const targetOf = (found: readonly Record[]) =>
    rowsOf(found, null, 0).flatMap((change) => (change.table === "target" ? [change.row] : []))[0];
  expect(targetOf(records(said("good"), []))).toMatchObject({ serving: true, unknown: { attempt: "1-2-x" } });
  expect(targetOf(records(said("good"), [], said("unchanged")))).toMatchObject({ unknown: { attempt: "1-2-x" } });
  expect(targetOf(records([], said("good")))).toMatchObject({ unknown: null, good: true });
});
