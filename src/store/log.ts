import type { StatementSync } from "node:sqlite";
import type { Kysely } from "kysely";
import type { Change } from "../core/run/changes.ts";
import type { Event } from "../core/run/events.ts";
import type { Entry, LogEntry } from "../engine/ports/store.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";
import type { Written } from "./write.ts";

/** What a page follows live. Plans, definitions and the ledger are asked for where they are looked at. */
const followed: ReadonlySet<Change["table"]> = new Set(["run", "step", "attempt", "target", "environment", "decision"]);

/** Appends to the event log. */
export class LogWriter {
  readonly #insert: StatementSync;

  constructor(database: NodeSqlite) {
    this.#insert = database.raw("insert into log (at, type, run, event, changes) values (?, ?, ?, ?, ?)");
  }

  /** Returns the sequence number. */
  append({ event, changes }: Entry, written: readonly Written[]): number {
    const shown = written
      .filter(({ change }) => followed.has(change.table))
      .map((each) => `{"table":"${each.change.table}","row":${shownJson(each)}}`);
    const { lastInsertRowid } = this.#insert.run(event.at, event.type, runOf(event, changes), eventJson(event), `[${shown.join(",")}]`);
    return Number(lastInsertRowid);
  }
}

/** Without the lists that the core alone reads: an environment's snapshots, a frontend's needs. With them, the log of a large fleet would be little else. */
function shownJson({ change, json }: Written): string {
  if (change.table === "environment") return JSON.stringify({ ...change.row, snapshots: [], releases: [], snapshotDue: null });
  if (change.table !== "target") return json;
  const { live, lastGood } = change.row;
  if (!live?.needs.length && !lastGood?.needs.length) return json;
  return JSON.stringify({ ...change.row, live: live && { ...live, needs: [] }, lastGood: lastGood && { ...lastGood, needs: [] } });
}

/** For audit. The plan is kept once, in its own table; here its fingerprint stands for it. */
function eventJson(event: Event): string {
  return JSON.stringify("plan" in event ? { ...event, plan: event.plan.fingerprint } : event);
}

/** The run that an event belongs to: the one it names, or that of the attempt that it is about. */
function runOf(event: Event, changes: readonly Change[]): string | null {
  if ("run" in event) return event.run;
  if (!("attempt" in event)) return null;
  for (const change of changes) if (change.table === "attempt" && change.row.id === event.attempt) return change.row.run;
  return null;
}

export async function eventsAfter(db: Kysely<Tables>, seq: number, limit: number): Promise<readonly LogEntry[]> {
  const found = await db
    .selectFrom("log")
    .select(["seq", "at", "type", "run", "changes"])
    .where("seq", ">", seq)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return found.map((row) => ({ ...row, changes: JSON.parse(row.changes) as Change[] }));
}

/** 0 where nothing has happened yet. */
export async function lastEvent(db: Kysely<Tables>): Promise<{ readonly seq: number; readonly at: number }> {
  const row = await db.selectFrom("log").select(["seq", "at"]).orderBy("seq", "desc").limit(1).executeTakeFirst();
  return row ?? { seq: 0, at: 0 };
}
