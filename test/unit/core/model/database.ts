import type { TargetId } from "../../../../src/core/config/config.ts";
import type { Definition, Plan } from "../../../../src/core/plan/plan.ts";
import type { Change } from "../../../../src/core/run/changes.ts";
import type * as rows from "../../../../src/core/run/rows.ts";
import { goodKey, relationKey, renderKey, type Snapshot, stepKey } from "../../../../src/core/run/state.ts";
import { runEnded, stepEnded } from "../../../../src/core/run/status.ts";

/** Every row ever written, as a store keeps them: what a restart loads is taken from here and from nowhere else. */
export class Database {
  meta: rows.MetaRow = { seq: 1, at: 0 };
  readonly runs = new Map<string, rows.RunRow>();
  readonly plans = new Map<string, Plan>();
  readonly definitions = new Map<string, Definition>();
  readonly steps = new Map<string, rows.StepRow>();
  readonly attempts = new Map<string, rows.AttemptRow>();
  readonly targets = new Map<string, rows.TargetRow>();
  readonly environments = new Map<string, rows.EnvironmentRow>();
  readonly ledger = new Map<number, rows.LedgerRow>();
  readonly snapshots = new Map<string, rows.SnapshotRow>();
  readonly decisions = new Map<string, rows.DecisionRow>();
  readonly relations = new Map<string, rows.RelationRow>();
  readonly builds = new Map<string, rows.BuildRow>();
  readonly renders = new Map<string, rows.RenderRow>();
  readonly good = new Map<string, rows.GoodRow>();

  copy(): Database {
    const copy = new Database();
    copy.meta = this.meta;
    for (const table of TABLES) for (const [key, row] of this[table]) (copy[table] as Map<unknown, unknown>).set(key, row);
    return copy;
  }

  put(changes: readonly Change[]): void {
    for (const change of changes) this.#put(change);
  }

  load(): Snapshot {
    const open = [...this.runs.values()].filter((r) => !runEnded(r.status));
    const runs = open.map((row) => {
      const plan = this.plans.get(row.id) as Plan;
      const steps = plan.steps.map((s) => this.steps.get(stepKey(row.id, s.id)) as rows.StepRow);
      const renders = Object.keys(plan.members).flatMap((t) => this.renders.get(renderKey(row.id, t as TargetId)) ?? []);
      return { row, plan, steps, renders };
    });
    const commits = new Set(runs.flatMap(({ row, plan }) => [row.commit, ...Object.values(plan.members).map((m) => m.commit)]));
    const current = new Set(runs.flatMap(({ steps }) => steps.flatMap((s) => (stepEnded(s.status) ? [] : (s.attempt ?? [])))));
    const targets = [...this.targets.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const compared = new Set([...commits, ...targets.flatMap((t) => [t.live, t.lastGood].flatMap((l) => l?.commit ?? []))]);
    return {
      meta: this.meta,
      runs,
      attempts: [...this.attempts.values()].filter((a) => a.outcome === null || current.has(a.id)),
      targets,
      environments: [...this.environments.values()],
      decisions: [...this.decisions.values()].filter((d) => commits.has(d.commit)),
      builds: [...this.builds.values()].filter((b) => commits.has(b.commit)),
      good: [...this.good.values()].filter((g) => commits.has(g.commit)),
      snapshots: [...new Map([...this.snapshots.values()].map((s) => [s.environment, s])).values()],
      relations: [...this.relations.values()].filter((r) => compared.has(r.release) && compared.has(r.live)),
    };
  }

  #put(change: Change): void {
    switch (change.table) {
      case "meta":
        this.meta = change.row;
        return;
      case "plan":
        this.plans.set(change.run, change.plan);
        return;
      case "definition":
        this.definitions.set(change.digest, change.definition);
        return;
      case "run":
        this.runs.set(change.row.id, change.row);
        return;
      case "step":
        this.steps.set(stepKey(change.row.run, change.row.id), change.row);
        return;
      case "attempt":
        this.attempts.set(change.row.id, change.row);
        return;
      case "target":
        this.targets.set(change.row.id, change.row);
        return;
      case "environment":
        this.environments.set(change.row.id, change.row);
        return;
      case "ledger":
        this.ledger.set(change.row.seq, change.row);
        return;
      case "snapshot":
        this.snapshots.set(change.row.id, change.row);
        return;
      case "decision":
        this.decisions.set(change.row.id, change.row);
        return;
      case "relation":
        this.relations.set(relationKey(change.row.release, change.row.live), change.row);
        return;
      case "build":
        this.builds.set(change.row.key, change.row);
        return;
      case "render":
        this.renders.set(renderKey(change.row.run, change.row.target), change.row);
        return;
      case "good":
        this.good.set(goodKey(change.row.target, change.row.commit), change.row);
        return;
    }
  }
}

const TABLES = [
  "runs",
  "plans",
  "definitions",
  "steps",
  "attempts",
  "targets",
  "environments",
  "ledger",
  "snapshots",
  "decisions",
  "relations",
  "builds",
  "renders",
  "good",
] as const;
