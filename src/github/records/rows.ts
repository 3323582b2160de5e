import type { CommitId, Digest, EnvironmentId, TargetId } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { Change } from "../../core/run/changes.ts";
import { newEnvironment, newTarget } from "../../core/run/overlay.ts";
import type { EnvironmentRow, GoodRow, LedgerRow, Live, RunId, SnapshotRow, TargetRow, Time } from "../../core/run/rows.ts";
import { leaveBehind, MAX_SNAPSHOTS, releaseOf, setKey } from "../../core/run/snapshots.ts";
import type { HoldRecord, Record, StopRecord, TargetRecord } from "./record.ts";
import { timelineOf } from "./timeline.ts";

/** What a rollback goes back to, and which targets go. */
type Way = { readonly to: SnapshotRow; readonly targets: readonly TargetId[] };

/** Whether the entries of a set have what they need of each other. */
export type Together = (set: SnapshotRow) => boolean;

/**
 * What a store would hold had it been there when these acts were done, so that an engine goes on from there. Pure; the same records give the same rows.
 * `together`: with it, recorded sets are made as well, and what rollbacks have left is told; null: nobody is going to ask for them.
 */
export function rowsOf(records: readonly Record[], together: Together | null, at: Time): readonly Change[] {
  const rows = new Rows(together);
  for (const event of timelineOf(records)) {
    if (event.what === "stop") rows.stopped(event.stop, at);
    else if (event.what === "end") rows.ended(event.environment, event.last, event.at);
    else if (event.what === "start") rows.started(event.record);
    else rows.entered(event.record);
  }
  return rows.all(at);
}

class Rows {
  readonly #together: Together | null;
  #seq = 1;
  readonly #targets = new Map<TargetId, TargetRow>();
  readonly #environments = new Map<EnvironmentId, EnvironmentRow>();
  readonly #ledger: LedgerRow[] = [];
  readonly #good = new Map<string, GoodRow>();
  readonly #definitions = new Map<Digest, Definition>();
  readonly #snapshots = new Map<string, SnapshotRow>();
  /** Which record each entry of a target is of: a set is known by them. */
  readonly #records = new Map<number, number>();
  /** For which environments were held, oldest first; and of these the one on which a target has gone last. */
  readonly #ways = new Map<EnvironmentId, readonly Way[]>();
  readonly #wayTaken = new Map<EnvironmentId, Way>();

  constructor(together: Together | null) {
    this.#together = together;
  }

  /** The first attempt of a release in an environment is what a rollback goes back behind. An attempt that nobody has heard of since is in doubt. */
  started(record: TargetRecord): void {
    const { environment, commit, kind, run } = record;
    if (kind === "deploy") this.#released(environment, commit, run);
    else this.#wentBack(record);
    const target = this.#target(record);
    if (record.state !== "under-way" && record.state !== "unknown") return;
    const live = { ...this.#live(record), entry: 0 };
    this.#targets.set(target.id, { ...target, unknown: { attempt: record.attempt, since: record.createdAt, live }, health: "unknown" });
  }

  /** What became of it is known; what failed and changed nothing is entered as not live (invariant 9). */
  entered(record: TargetRecord): void {
    const live = this.#live(record);
    const is = {
      live: record.state !== "unchanged",
      serving: record.state === "serving" || record.state === "good",
      good: record.state === "good",
    };
    this.#records.set(live.entry, record.id);
    const { entry: seq, commit, digest, definition, attempt, run } = live;
    const ever = { serving: is.serving || record.wasGood, good: record.wasGood };
    this.#ledger.push({
      seq,
      target: record.target,
      commit,
      digest,
      fingerprint: live.fingerprint,
      definition,
      attempt,
      run,
      source: "attempt",
      live: is.live,
      ...ever,
      at: live.since,
    });
    if (!is.live) return;
    const target = this.#target(record);
    this.#targets.set(target.id, {
      ...target,
      live,
      serving: is.serving,
      good: is.good,
      lastGood: record.wasGood ? live : target.lastGood,
      unknown: null,
      health: is.serving ? "healthy" : "degraded",
      url: record.url ?? target.url,
    });
    if (record.wasGood) this.#good.set(`${record.target} ${commit}`, { target: record.target, commit });
  }

  /** A lock that has ended by itself stands no more. */
  stopped(stop: StopRecord, now: Time): void {
    if (stop.kind === "hold") return this.#held(stop);
    const { by, createdAt: at, reason, lifted } = stop;
    if (lifted) return;
    if (stop.kind === "pin") {
      const pin = { commit: stop.commit, by, at, reason };
      this.#targets.set(stop.target, { ...this.#target(stop), pin });
    } else if (stop.until === null || stop.until > now) {
      const lock = { by, at, reason, until: stop.until };
      if (stop.target === null) this.#environments.set(stop.environment, { ...this.#environment(stop.environment), lock });
      else this.#targets.set(stop.target, { ...this.#target({ target: stop.target }), lock });
    }
  }

  #held(hold: HoldRecord): void {
    const row = this.#environment(hold.environment);
    const { by, createdAt: at, reason, run, rollback } = hold;
    const to = rollback === null ? undefined : this.#snapshots.get(rollback.to);
    const ways = this.#ways.get(hold.environment) ?? [];
    if (to && rollback) this.#ways.set(hold.environment, [...ways, { to, targets: rollback.targets }]);
    this.#environments.set(hold.environment, { ...row, hold: hold.lifted ? row.hold : { by, at, reason, run } });
  }

  #released(environment: EnvironmentId, commit: CommitId, run: RunId): void {
    const row = this.#environment(environment);
    if (row.releases.some((r) => r.commit === commit && !r.left)) return;
    const releases = [...row.releases, { commit, run, first: this.#seq++, left: false }];
    this.#environments.set(environment, { ...row, releases: releases.slice(-MAX_SNAPSHOTS) });
  }

  /** Only with its acts does a rollback leave anything: one that was rejected or cancelled at its gate has not. */
  #wentBack({ environment, target, commit }: TargetRecord): void {
    const way = this.#ways
      .get(environment)
      ?.findLast(({ to, targets }) => targets.includes(target) && to.entries[target]?.commit === commit);
    if (!way) return;
    this.#wayTaken.set(environment, way);
    const row = this.#environment(environment);
    this.#environments.set(environment, { ...row, ...leaveBehind(row, way.to, way.targets) });
  }

  /** What a rollback did not bring back has not been left: it is what the next one goes back behind. */
  #stayed({ kind, environment, run }: TargetRecord): void {
    const way = kind === "rollback" ? this.#wayTaken.get(environment) : undefined;
    for (const target of way?.targets ?? []) {
      const live = this.#targets.get(target)?.live;
      if (live && live.commit !== way?.to.entries[target]?.commit) this.#released(environment, live.commit, live.run ?? run);
    }
  }

  /** A workflow run has ended in an environment: the last good entry of every target there is a set, where these satisfy each other. */
  ended(environment: EnvironmentId, last: TargetRecord, at: Time): void {
    this.#stayed(last);
    if (this.#together === null) return;
    const here = [...this.#targets.values()].filter((t) => t.environment === environment && t.lastGood !== null);
    const entries: { [target: TargetId]: Live } = {};
    for (const { id, lastGood } of here.toSorted((a, b) => (a.id < b.id ? -1 : 1))) if (lastGood) entries[id] = lastGood;
    if (here.length === 0) return;
    const id = `${environment}-${this.#identity(entries)}`;
    const row: SnapshotRow = { id, environment, seq: this.#seq++, at, run: last.run, release: releaseOf(entries, last.commit), entries };
    const there = this.#environment(environment);
    const key = setKey(entries);
    if (this.#snapshots.has(id) || there.snapshots.findLast((s) => !s.left)?.key === key || !this.#together(row)) return;
    this.#snapshots.set(id, row);
    const ref = { id, seq: row.seq, at, release: row.release, left: false, key };
    this.#environments.set(environment, { ...there, snapshots: [...there.snapshots, ref].slice(-MAX_SNAPSHOTS) });
  }

  all(at: Time): readonly Change[] {
    return [
      ...[...this.#definitions].map(([digest, definition]) => ({ table: "definition" as const, digest, definition })),
      ...this.#ledger.map((row) => ({ table: "ledger" as const, row })),
      ...[...this.#targets.values()].map((row) => ({ table: "target" as const, row })),
      ...[...this.#environments.values()].map((row) => ({ table: "environment" as const, row })),
      ...[...this.#snapshots.values()].map((row) => ({ table: "snapshot" as const, row })),
      ...[...this.#good.values()].map((row) => ({ table: "good" as const, row })),
      { table: "meta" as const, row: { seq: this.#seq, at } },
    ];
  }

  /** The same in every job that reads these records, whatever has been recorded since. */
  #identity(entries: SnapshotRow["entries"]): string {
    const records = Object.entries(entries).map(([target, { entry }]) => [target, this.#records.get(entry)]);
    return fingerprint(records).slice("sha256:".length, "sha256:".length + 12);
  }

  #live(record: TargetRecord): Live {
    const definition = fingerprint(record.definition);
    this.#definitions.set(definition, record.definition);
    const { commit, digest, attempt, run, enteredAt, createdAt } = record;
    return {
      entry: this.#seq++,
      commit,
      digest,
      fingerprint: record.fingerprint,
      definition,
      needs: record.definition.needs,
      attempt,
      run,
      since: enteredAt ?? createdAt,
    };
  }

  #target({ target: id }: { readonly target: TargetId }): TargetRow {
    const row = this.#targets.get(id) ?? newTarget(id);
    this.#targets.set(id, row);
    return row;
  }

  #environment(id: EnvironmentId): EnvironmentRow {
    const row = this.#environments.get(id) ?? newEnvironment(id);
    this.#environments.set(id, row);
    return row;
  }
}
