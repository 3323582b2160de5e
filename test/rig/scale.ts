import type { CommitId, Digest, TargetId } from "../../src/core/config/config.ts";
import { parseConfig } from "../../src/core/config/parse.ts";
import { planDeploy } from "../../src/core/plan/deploy.ts";
import { fingerprint } from "../../src/core/plan/fingerprint.ts";
import type { Member, Plan } from "../../src/core/plan/plan.ts";
import type { Change } from "../../src/core/run/changes.ts";
import type { AttemptSpec } from "../../src/core/run/effects.ts";
import type * as rows from "../../src/core/run/rows.ts";
import { MAX_SNAPSHOTS } from "../../src/core/run/snapshots.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Driver } from "../../src/engine/ports/driver.ts";
import type { Source } from "../../src/engine/ports/source.ts";
import type { Entry, Store } from "../../src/engine/ports/store.ts";
import { hostZones } from "../../src/engine/zones.ts";
import { bigProject, DEPLOY_ALL, NoopExecutor, noopDriver, oneCommit } from "./noop.ts";

/** Commit `n` of one line of history; it touches the paths of one service. */
export const commitOf = (n: number): CommitId => n.toString(16).padStart(40, "0");
const numberOf = (commit: CommitId): number => Number.parseInt(commit, 16);
const DIGEST: Digest = `sha256:${"0".repeat(64)}`;
/** Between two runs of the history. */
const STEP_MS = 60_000;

export type ScaleSize = { readonly services: number; readonly runs: number; readonly deployAlls: number };

/** As `bigProject`, with a devnet that takes releases in any order, so that several are under way there at once. */
export const scaleProject = (services: number): string => bigProject(services).replace("devnet: {}", "devnet: { order: any }");

/** One line of commits, `newest` its head; each touches one service. */
export function scaleSource(services: number, newest: number): Source {
  return {
    ...oneCommit(commitOf(newest), scaleProject(services)),
    resolve: (ref) => Promise.resolve(ref === "HEAD" ? commitOf(newest) : ref),
    policyRef: () => Promise.resolve({ ref: "main", commit: commitOf(newest) }),
    relate(release, live) {
      const [from, to] = [numberOf(live), numberOf(release)];
      const between = Array.from({ length: Math.min(Math.max(to - from, 0), services) }, (_, i) => `s${(from + 1 + i) % services}`);
      return Promise.resolve({ release, live, order: to === from ? "same" : to < from ? "contains" : "behind", unmet: between });
    },
  };
}

/** Says of nothing what is there: what the ledger says stays. */
export const scaleDriver: Driver = { ...noopDriver, observe: () => Promise.resolve({ kind: "unobservable" }) };

/** Attempts stay under way until they are ended. */
export class HeldExecutor extends NoopExecutor {
  readonly #held = new Map<string, AttemptSpec>();

  override start(spec: AttemptSpec): Promise<void> {
    this.#held.set(spec.id, spec);
    return Promise.resolve();
  }

  /** Ends up to `most` of those that fit, the oldest first, in the next turn. Says how many. */
  end(most: number, fits: (spec: AttemptSpec) => boolean = () => true): number {
    let ended = 0;
    for (const spec of this.#held.values()) {
      if (ended === most) break;
      if (!fits(spec)) continue;
      this.#held.delete(spec.id);
      void super.start(spec);
      ended++;
    }
    return ended;
  }
}

/**
 * Admits the runs in flight of a busy day over a history: deploy-alls that wait at mainnet's gate, are in canary, in devnet, queue behind that, and build;
 * and `ofOne` runs of one service each, in canary and in devnet. Each is of a newer commit than the one before. Returns their ids, the one at the gate first.
 */
export async function startRuns(engine: Engine, executor: HeldExecutor, size: ScaleSize, ofOne: number): Promise<readonly string[]> {
  let newest = size.runs;
  const deploy = async (services: readonly string[] | null, ends: number, fits: (spec: AttemptSpec) => boolean = () => true) => {
    const { run } = await engine.deploy({ ...DEPLOY_ALL, services, commit: commitOf(++newest) }, { name: "ana" });
    await endSome(engine, executor, ends, (spec) => spec.run === run.id && fits(spec));
    return run.id;
  };
  const backends = Array.from({ length: size.services }, (_, i) => i).filter((i) => i % 10 !== 9);
  const early = new Set(backends.slice(0, Math.floor(backends.length / 3)));
  const isEarly = (spec: AttemptSpec) => spec.kind !== "build" && early.has(Number(/^s(\d+)@/.exec(spec.target)?.[1]));
  const inDevnet = (spec: AttemptSpec) => spec.kind === "build" || spec.target.endsWith("@devnet");
  const ids = [await deploy(null, 1 + 4 * size.services)];
  ids.push(await deploy(null, 1 + 2 * size.services, inDevnet));
  await endSome(engine, executor, 2 * early.size, isEarly);
  // what the one in canary has ended there is free for others
  for (let i = 0; i < ofOne; i++) ids.push(await deploy([`s${backends[i]}`], i % 2 === 0 ? 3 : 1));
  ids.push(await deploy(null, 1 + Math.floor(size.services / 2)), await deploy(null, 1), await deploy(null, 0));
  return ids;
}

/** Ends so many attempts that fit, as they come. */
async function endSome(engine: Engine, executor: HeldExecutor, wanted: number, fits: (spec: AttemptSpec) => boolean): Promise<void> {
  for (let left = wanted; left > 0;) {
    // listens before it looks, so that a commit between the two is not missed
    const { promise, resolve } = Promise.withResolvers<void>();
    const off = engine.onCommit(() => resolve());
    left -= executor.end(left, fits);
    if (left > 0) await promise;
    off();
  }
}

/** Writes a history of ended runs, mostly of one service each, through the store's own commits; commits 1 to `runs`. */
export async function seedHistory(store: Store, size: ScaleSize): Promise<void> {
  const { config } = parseConfig(
    scaleProject(size.services),
    "sluice.yaml",
    [noopDriver.schema, { ...noopDriver.schema, kind: "builder" }],
    hostZones,
  );
  if (!config) throw new Error("the project is not valid");
  const history = new History(size);
  for (let n = 1; n <= size.runs; n++) {
    const all = (n - 1) % Math.ceil(size.runs / size.deployAlls) === 0;
    const planned = planDeploy({
      release: config,
      policy: config.policy,
      commit: commitOf(n),
      services: all ? null : [`s${n % size.services}`],
      environments: null,
      promotion: null,
    });
    if (!("plan" in planned)) throw new Error(JSON.stringify(planned.problems));
    history.add(n, planned.plan);
    if (all || n % 200 === 0) await history.write(store);
  }
  await history.write(store, true);
}

/** Rows of ended runs, as the core leaves them. */
class History {
  readonly #size: ScaleSize;
  readonly #targets = new Map<TargetId, rows.TargetRow>();
  readonly #snapshots = new Map<string, rows.SnapshotRef[]>();
  readonly #releases = new Map<string, rows.EnvironmentRow["releases"][number][]>();
  readonly #definitions = new Set<Digest>();
  #entries: Entry[] = [];
  #seq = 1;

  constructor(size: ScaleSize) {
    this.#size = size;
  }

  add(n: number, plan: Plan): void {
    const at = n * STEP_MS;
    const run = runRow(n, plan, at);
    // one in ten was superseded at mainnet's gate
    const passed = (environment: string | null) => environment !== "mainnet" || n % 10 !== 0;
    const changes: Change[] = [
      { table: "run", row: run },
      { table: "plan", run: run.id, plan },
      ...plan.steps.flatMap((step): Change[] => {
        const done = passed(step.environment);
        const attempt = done && step.kind !== "gate" ? `${run.id}.${step.id}` : null;
        const status = done ? "succeeded" : "superseded";
        const reason = done ? null : ({ code: "superseded", run: String(n + 1), commit: commitOf(n + 1) } as const);
        const row = {
          run: run.id,
          id: step.id,
          kind: step.kind,
          status,
          reason,
          since: at,
          attempt,
          startedAt: at,
          endedAt: at + 1000,
        } as const;
        const made: Change[] = [{ table: "step", row: { ...row, awaited: null, reached: true, lost: 0 } }];
        if (attempt !== null && step.kind !== "gate")
          made.push({ table: "attempt", row: { ...attemptRow(attempt, run.id, at), step: step.id, kind: step.kind, target: step.target } });
        return made;
      }),
      {
        table: "build",
        row: { key: `mega@${run.commit}`, artifact: "mega", commit: run.commit, digest: DIGEST, attempt: `${run.id}.build:mega`, at },
      },
    ];
    const members = Object.values(plan.members);
    for (const member of members) if (passed(member.environment)) changes.push(...this.#became(member, run, at));
    const decided = members.filter((member) => member.environment === "mainnet" && passed("mainnet"));
    if (decided.length > 0) changes.push({ table: "decision", row: decisionRow(run, decided, at) });
    for (const environment of Object.keys(plan.environments))
      if (passed(environment)) changes.push(...this.#ended(environment, run, at, n));
    this.#entries.push({ event: { type: "tick", at }, changes: [...changes, { table: "meta", row: { seq: this.#seq, at } }], effects: [] });
  }

  #became(member: Member, run: rows.RunRow, at: number): Change[] {
    const { target, commit, definitionDigest: definition } = member;
    const attempt = `${run.id}.deploy:${target}`;
    const live: rows.Live = {
      entry: ++this.#seq,
      commit,
      digest: DIGEST,
      fingerprint: DIGEST,
      definition,
      needs: member.definition.needs,
      attempt,
      run: run.id,
      since: at,
    };
    const ledger = { seq: live.entry, target, commit, digest: DIGEST, fingerprint: DIGEST, definition, attempt, run: run.id, at };
    const row = targetRow(member, live);
    this.#targets.set(target, row);
    const known = this.#definitions.has(definition);
    this.#definitions.add(definition);
    return [
      { table: "target", row },
      { table: "ledger", row: { ...ledger, source: "attempt", live: true, serving: true, good: true } },
      { table: "good", row: { target, commit } },
      { table: "render", row: { run: run.id, target, fingerprint: DIGEST, problem: null } },
      ...(known ? [] : [{ table: "definition" as const, digest: definition, definition: member.definition }]),
    ];
  }

  /** A snapshot of the environment, where it is one of those that are at hand. */
  #ended(environment: string, run: rows.RunRow, at: number, n: number): Change[] {
    if (n <= this.#size.runs - MAX_SNAPSHOTS) return [];
    const seq = ++this.#seq;
    const here = [...this.#targets.values()].filter((target) => target.environment === environment);
    const entries = Object.fromEntries(here.flatMap(({ id, lastGood }) => (lastGood ? [[id, lastGood]] : [])));
    const id = `${environment}-${seq}`;
    add(this.#snapshots, environment, { id, seq, at, release: run.commit, left: false, key: fingerprint(id) });
    add(this.#releases, environment, { commit: run.commit, run: run.id, first: seq - 1, left: false });
    return [{ table: "snapshot", row: { id, environment, seq, at, run: run.id, release: run.commit, entries } }];
  }

  async write(store: Store, last = false): Promise<void> {
    const at = this.#size.runs * STEP_MS;
    const environments = last
      ? [...this.#snapshots.keys()].map((id): Change => ({ table: "environment", row: this.#environment(id) }))
      : [];
    await store.commit([...this.#entries, { event: { type: "tick", at }, changes: environments, effects: [] }], []);
    this.#entries = [];
  }

  #environment(id: string): rows.EnvironmentRow {
    const [snapshots, releases] = [this.#snapshots.get(id) ?? [], this.#releases.get(id) ?? []];
    return { id, hold: null, lock: null, freeze: null, rollback: null, snapshots, releases, snapshotDue: null };
  }
}

function add<V>(map: Map<string, V[]>, key: string, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

const runRow = (n: number, plan: Plan, at: number): rows.RunRow => ({
  id: String(n),
  kind: "deploy",
  status: n % 10 === 0 ? "superseded" : "succeeded",
  commit: plan.release.commit,
  by: "ana",
  reason: null,
  options: { redeploy: false, acceptDiverged: null, skipNeeds: null, now: false, named: true },
  fingerprint: plan.fingerprint,
  policyCommit: plan.release.commit,
  nonce: "abcdefgh",
  retryOf: null,
  snapshot: null,
  cause: null,
  stopped: null,
  createdAt: at,
  startedAt: at,
  endedAt: at + 30_000,
});

const attemptRow = (id: string, run: string, at: number): Omit<rows.AttemptRow, "step" | "kind" | "target"> => ({
  id,
  run,
  digest: DIGEST,
  fingerprint: DIGEST,
  startedAt: at,
  endedAt: at + 1_000,
  outcome: "succeeded",
  message: null,
  joined: [],
});

const targetRow = ({ target, service, environment }: Member, live: rows.Live): rows.TargetRow => ({
  id: target,
  service,
  environment,
  live,
  serving: true,
  good: true,
  lastGood: live,
  observed: true,
  unknown: null,
  busy: null,
  queue: [],
  health: "healthy",
  url: null,
  lock: null,
  pin: null,
  unrestored: null,
});

const decisionRow = (run: rows.RunRow, members: readonly Member[], at: number): rows.DecisionRow => ({
  id: `decision-${run.id}`,
  commit: run.commit,
  environment: "mainnet",
  verdict: "approved",
  by: "ben",
  at,
  expiresAt: null,
  comment: null,
  fingerprints: Object.fromEntries(members.map((member) => [member.target, DIGEST])),
  emergency: false,
  early: false,
  voided: null,
  voids: {},
});
