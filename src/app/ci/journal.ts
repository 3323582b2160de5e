import type { EnvironmentId, TargetId } from "../../core/config/config.ts";
import { environmentOf } from "../../core/config/names.ts";
import type { DeploySpec } from "../../core/run/effects.ts";
import type { AttemptId } from "../../core/run/rows.ts";
import type { Entry, Store } from "../../engine/ports/store.ts";
import type { Forge } from "../../github/forge.ts";
import { recordsOf } from "../../github/records/read.ts";
import { deploymentOf, isTarget, type Record, type RunRef, statusOf, type TargetRecord } from "../../github/records/record.ts";
import { rowsOf } from "../../github/records/rows.ts";
import { holdOf, lockOf, pinOf } from "../../github/records/stops.ts";
import type { Believed } from "./believed.ts";
import { Teller, type Told } from "../../github/records/told.ts";

type JournalOptions = {
  readonly forge: Forge;
  readonly believed: Pick<Believed, "of">;
  readonly run: RunRef;
  /** What was known when the engine was seeded. */
  readonly records: readonly Record[];
  readonly production: boolean;
  readonly logUrl: string;
  readonly now: () => number;
};

/** Writes what an engine does as records, each act before it begins: what a killed job leaves is one without an end. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #teller: Teller;
  /** Deployments by attempt. */
  readonly #records = new Map<AttemptId, number>();
  readonly #known: ReadonlySet<number>;
  /** Deployments that were said to serve, and no more yet. */
  readonly #soaks = new Set<number>();
  #writes: Promise<void> = Promise.resolve();
  #failure: unknown = null;
  /** Somebody else has recorded something of a target meanwhile, or holds its environment: what was decided here is not true any more. */
  overtaken: string | null = null;

  /** `own`: targets that nobody else changes while this job runs. */
  constructor(options: JournalOptions, own: ReadonlySet<TargetId>) {
    this.#options = options;
    this.#known = new Set(options.records.map((r) => r.id));
    const acts = options.records.filter((r): r is TargetRecord => isTarget(r) && own.has(r.target));
    for (const { attempt, id } of acts) this.#records.set(attempt, id);
    this.#teller = new Teller(new Map(acts.map((r) => [r.attempt, r.state])), doubtedOf(options.records, own));
  }

  /** Before an attempt starts. Resolves to why it must not, or null. Rejects where it cannot be recorded. */
  async begin(spec: DeploySpec, store: Store): Promise<string | null> {
    const { forge, run, production, logUrl } = this.#options;
    const { service, environment } = spec.definition;
    const member = (await store.plan(spec.run))?.members[spec.target];
    const definition = member && (await store.definition(member.definitionDigest));
    if (!definition) throw new Error(`nothing is recorded of what ${spec.target} is`);
    // the same act is recorded once, however often it is tried
    const id =
      this.#records.get(spec.id) ??
      (await forge.createDeployment(
        deploymentOf({
          kind: spec.direction,
          target: spec.target,
          service,
          environment,
          commit: spec.commit,
          attempt: spec.id,
          run,
          digest: spec.digest,
          fingerprint: spec.fingerprint ?? "",
          definition,
          production,
        }),
      ));
    this.#records.set(spec.id, id);
    const why = await this.#overtakenBy(spec, id);
    if (why === null) {
      this.#teller.began(spec.id, spec.target);
      return null;
    }
    this.overtaken = why;
    await forge.setStatus(id, statusOf("unchanged", { message: why, logUrl }));
    return why;
  }

  /** Of two who begin at once the one whose record came first goes on: both see both. What others have found unchanged is as it was. */
  async #overtakenBy(spec: DeploySpec, own: number): Promise<string | null> {
    const {
      target,
      definition: { service, environment },
    } = spec;
    const since = (await this.#since(environment)).filter(({ id }) => !this.#known.has(id));
    const mine = new Set(this.#records.values());
    const other = since.find((r) => isTarget(r) && r.target === target && r.id < own && r.state !== "unchanged" && !mine.has(r.id));
    if (other) return `deployment ${other.id} of ${service} was recorded meanwhile`;
    return this.#stoppedBy(spec, since);
  }

  #stoppedBy({ target, commit, direction, definition: { environment } }: DeploySpec, since: readonly Record[]): string | null {
    const hold = direction === "rollback" ? null : holdOf(since, environment);
    if (hold) return `${environment} is held by ${hold.by} since: ${hold.reason}`;
    const lock = lockOf(since, target, this.#options.now());
    if (lock) return `${lock.target ?? environment} is locked by ${lock.by} since: ${lock.reason}`;
    const pin = pinOf(since, target);
    return pin === null || pin.commit === commit ? null : `${target} is pinned by ${pin.by} since: ${pin.reason}`;
  }

  /** In one question, whatever it is about: what was recorded after all that was known, and perhaps some from before. */
  async #since(environment: EnvironmentId): Promise<readonly Record[]> {
    const { forge, believed } = this.#options;
    return await believed.of(recordsOf(await forge.deployments({ environment, since: Math.max(0, ...this.#known) })));
  }

  /** The store with what is committed told to the records. */
  between(store: Store): Store {
    const commit = async (entries: readonly Entry[], done: readonly string[]): Promise<readonly number[]> => {
      const seqs = await store.commit(entries, done);
      for (const { changes } of entries) for (const told of this.#teller.hear(changes)) this.#write(told);
      return seqs;
    };
    return new Proxy(store, {
      get(target, name) {
        if (name === "commit") return commit;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** When the engine has come to its end: what is left is told, and everything is written. Rejects where something could not be. */
  async end(): Promise<void> {
    for (const told of this.#teller.rest()) this.#write(told);
    await this.#writes;
    if (this.#failure !== null) throw this.#failure;
  }

  #write(told: Told): void {
    const id = this.#records.get(told.attempt);
    if (id === undefined) return;
    const { forge, logUrl } = this.#options;
    const status = statusOf(told.state, { message: told.message, url: told.url, logUrl });
    const write = async (): Promise<void> => {
      if (told.state === "good" && this.#soaks.has(id) && (await this.#isReplaced(id, told.target))) return;
      if (told.state === "serving") this.#soaks.add(id);
      await forge.setStatus(id, status);
    };
    this.#writes = this.#writes.then(write).catch((error: unknown) => void (this.#failure ??= error));
  }

  /** A soak holds nothing against a rollback, which is then what was watched: that says nothing good of what was there before. */
  async #isReplaced(id: number, target: TargetId): Promise<boolean> {
    const { forge, believed } = this.#options;
    const later = await believed.of(recordsOf(await forge.deployments({ environment: environmentOf(target), since: id })));
    return later.some((r) => isTarget(r) && r.target === target && r.id > id && r.state !== "unchanged");
  }
}

/** Attempts of earlier jobs that may have been applied, or not: their drivers will say. */
function doubtedOf(records: readonly Record[], own: ReadonlySet<TargetId>): ReadonlyMap<AttemptId, TargetId> {
  const targets = rowsOf(records, null, 0).flatMap((change) => (change.table === "target" && own.has(change.row.id) ? [change.row] : []));
  return new Map(targets.flatMap(({ id, unknown }) => (unknown === null ? [] : [[unknown.attempt, id] as const])));
}

/** Nobody knows whether it was applied. */
export const inDoubt = ({ state }: TargetRecord): boolean => state === "under-way" || state === "unknown";
