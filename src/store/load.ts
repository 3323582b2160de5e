import { type Kysely, type RawBuilder, sql } from "kysely";
import type { TargetId } from "../core/config/config.ts";
import type { Effect } from "../core/run/effects.ts";
import type * as rows from "../core/run/rows.ts";
import type { Snapshot } from "../core/run/state.ts";
import type { Store } from "../engine/ports/store.ts";
import { lastEvent } from "./log.ts";
import { NeedListReader } from "./need-lists.ts";
import type { Plans } from "./plans.ts";
import { all, RunReader } from "./runs.ts";
import { wholeSnapshots } from "./snapshots.ts";
import type { Tables } from "./tables.ts";

const OPEN_RUN: readonly rows.RunStatus[] = ["queued", "running", "waiting"];
const OPEN_STEP: ReadonlySet<rows.StepStatus> = new Set(["pending", "waiting", "running"]);

/** All that the core needs in memory. `db`: a transaction, so that everything is of the same moment. */
export async function loadAll(db: Kysely<Tables>, plans: Plans): ReturnType<Store["load"]> {
  const runs = await openRuns(db, plans);
  const found = await db.selectFrom("target").select("body").orderBy("id").execute();
  const targets = await new NeedListReader(db).targets(found.map((row) => row.body));
  const commits = commitsOf(runs);
  const last = await lastEvent(db);
  const meta = await db.selectFrom("meta").select(["seq", "at"]).executeTakeFirst();
  const state: Snapshot = {
    meta: meta ?? { seq: 1, at: 0 },
    runs,
    attempts: await openAttempts(db, runs),
    targets,
    environments: all(await db.selectFrom("environment").select("body").orderBy("n").execute()),
    decisions: all(await db.selectFrom("decision").select("body").where("commit_id", "in", oneOf(commits)).orderBy("n").execute()),
    builds: all(await db.selectFrom("build").select("body").where("commit_id", "in", oneOf(commits)).orderBy("key").execute()),
    good: await goodRows(db, commits),
    snapshots: await newestSnapshots(db),
    relations: await relationsAmong(db, new Set([...commits, ...liveCommits(targets)])),
  };
  const outbox = all<Effect>(await db.selectFrom("outbox").select("body").orderBy("n").execute());
  return { state, outbox, lastSeq: last.seq, lastAt: Math.max(last.at, state.meta.at) };
}

/** Of each environment. */
async function newestSnapshots(db: Kysely<Tables>): Promise<readonly rows.SnapshotRow[]> {
  const newest = db
    .selectFrom("snapshot")
    .select((where) => where.fn.max("seq").as("seq"))
    .groupBy("environment");
  const found = await db.selectFrom("snapshot").select("body").where("seq", "in", newest).orderBy("seq").execute();
  return wholeSnapshots(
    db,
    new NeedListReader(db),
    found.map((row) => row.body),
  );
}

async function openRuns(db: Kysely<Tables>, plans: Plans): Promise<Snapshot["runs"]> {
  const reader = new RunReader(db, plans);
  const found = all<rows.RunRow>(await db.selectFrom("run").select("body").where("status", "in", OPEN_RUN).orderBy("n").execute());
  const runs: Snapshot["runs"][number][] = [];
  for (const row of found) {
    const plan = await reader.plan(row.id);
    // A run and its plan are admitted in one commit, so this is damage and not a state.
    if (plan === null) throw new Error(`run ${row.id} has no plan`);
    runs.push({ row, plan, steps: await reader.steps(row.id), renders: await reader.renders(row.id) });
  }
  return runs;
}

/** Those that have not ended, and ended ones that an unfinished step still goes by. */
async function openAttempts(db: Kysely<Tables>, runs: Snapshot["runs"]): Promise<rows.AttemptRow[]> {
  const current = runs.flatMap((run) =>
    run.steps.flatMap((step) => (OPEN_STEP.has(step.status) && step.attempt !== null ? [step.attempt] : [])),
  );
  const query = db
    .selectFrom("attempt")
    .select("body")
    .where((where) => where.or([where("ended_at", "is", null), where("id", "in", oneOf(current))]));
  return all(await query.orderBy("n").execute());
}

async function goodRows(db: Kysely<Tables>, commits: ReadonlySet<string>): Promise<rows.GoodRow[]> {
  const found = await db
    .selectFrom("good")
    .selectAll()
    .where("commit_id", "in", oneOf(commits))
    .orderBy("commit_id")
    .orderBy("target")
    .execute();
  return found.map((row) => ({ target: row.target as TargetId, commit: row.commit_id }));
}

async function relationsAmong(db: Kysely<Tables>, commits: ReadonlySet<string>): Promise<rows.RelationRow[]> {
  return all(
    await db.selectFrom("relation").select("body").where("release", "in", oneOf(commits)).where("live", "in", oneOf(commits)).execute(),
  );
}

/** Releases of the runs, and for a rollback the commit that each member goes back to. */
function commitsOf(runs: Snapshot["runs"]): ReadonlySet<string> {
  return new Set(runs.flatMap(({ row, plan }) => [row.commit, ...Object.values(plan.members).map((member) => member.commit)]));
}

/** What is live, and what was good last: a snapshot is made of these. */
function liveCommits(targets: readonly rows.TargetRow[]): string[] {
  return targets.flatMap((target) => [target.live, target.gone, target.lastGood].flatMap((live) => (live ? [live.commit] : [])));
}

/** A list of any length as one parameter, so that the statement stays the same. */
function oneOf(values: Iterable<string>): RawBuilder<string> {
  return sql<string>`(select value from json_each(${JSON.stringify([...values])}))`;
}
