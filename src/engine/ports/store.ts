import type { CommitId, Digest, EnvironmentId, TargetId } from "../../core/config/config.ts";
import type { Definition, Plan } from "../../core/plan/plan.ts";
import type { Change } from "../../core/run/changes.ts";
import type { Effect } from "../../core/run/effects.ts";
import type { Event } from "../../core/run/events.ts";
import type * as rows from "../../core/run/rows.ts";
import type { Snapshot } from "../../core/run/state.ts";

/** One event with what it changed: committed together or not at all. */
export type Entry = { readonly event: Event; readonly changes: readonly Change[]; readonly effects: readonly Effect[] };
/** The event log's public side, as the stream of events sends it: lists of needs, snapshots and releases are left out of its rows. */
export type LogEntry = {
  readonly seq: number;
  readonly at: rows.Time;
  readonly type: string;
  readonly run: string | null;
  readonly changes: readonly Change[];
};

/** What adapters keep beside the log, each under keys of its own: how far it has come, what it still owes somebody. */
export type Note = { readonly key: string; readonly body: string };

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };
export type PageRequest = { readonly limit: number; readonly cursor: string | null };

/** Where runs, targets and the ledger are kept. One writer: each commit carries the epoch that `open` took, and a deposed writer is refused with `StoreError("deposed")`. */
export interface Store {
  /** All entries, their rows, log and outbox in one durable transaction. Returns the log's sequence number of each entry. `done`: keys of effects that have been carried out. */
  commit(entries: readonly Entry[], done: readonly string[]): Promise<readonly number[]>;
  /** Everything that the core needs in memory: unfinished runs, targets, environments, open decisions, relations and builds of open commits. */
  load(): Promise<{ readonly state: Snapshot; readonly outbox: readonly Effect[]; readonly lastSeq: number; readonly lastAt: rows.Time }>;
  eventsAfter(seq: number, limit: number): Promise<readonly LogEntry[]>;
  lastSeq(): Promise<number>;

  run(id: string): Promise<rows.RunRow | null>;
  plan(run: string): Promise<Plan | null>;
  runs(
    filter: { readonly status?: readonly rows.RunStatus[]; readonly commit?: CommitId; readonly kind?: "deploy" | "rollback" },
    page: PageRequest,
  ): Promise<Page<rows.RunRow>>;
  steps(run: string): Promise<readonly rows.StepRow[]>;
  /** Those of the run, and those of other runs that its steps have joined. */
  attempts(run: string): Promise<readonly rows.AttemptRow[]>;
  attempt(id: string): Promise<rows.AttemptRow | null>;
  targets(filter: { readonly environment?: EnvironmentId; readonly service?: string }, page: PageRequest): Promise<Page<rows.TargetRow>>;
  environments(): Promise<readonly rows.EnvironmentRow[]>;
  decisions(filter: { readonly commit?: CommitId; readonly environment?: EnvironmentId }): Promise<readonly rows.DecisionRow[]>;
  renders(run: string): Promise<readonly rows.RenderRow[]>;
  snapshots(environment: EnvironmentId, page: PageRequest): Promise<Page<rows.SnapshotRow>>;
  snapshot(id: string): Promise<rows.SnapshotRow | null>;
  ledger(target: TargetId, page: PageRequest): Promise<Page<rows.LedgerRow>>;
  definition(digest: Digest): Promise<Definition | null>;
  /** Targets on which this commit was good. */
  goodTargets(commit: CommitId): Promise<readonly TargetId[]>;
  builds(commit: CommitId): Promise<readonly rows.BuildRow[]>;
  relation(release: CommitId, live: CommitId): Promise<rows.RelationRow | null>;

  /** The answer to a request with this idempotency key and actor, if it was made before; else remembers that it is being made. */
  answerOf(key: string): Promise<{ readonly request: string; readonly status: number; readonly body: string } | null>;
  rememberAnswer(
    key: string,
    answer: { readonly request: string; readonly status: number; readonly body: string },
    at: rows.Time,
  ): Promise<void>;

  /** What an adapter keeps under a key; null: nothing. */
  note(key: string): Promise<string | null>;
  /** Those whose key begins so, in the order of their keys. */
  notes(prefix: string): Promise<readonly Note[]>;
  /** All of them, durable, or none; null takes one away. */
  setNotes(notes: Readonly<Record<string, string | null>>): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode = "owned" | "deposed" | "newer" | "full" | "read-only" | "corrupt" | "bad-cursor" | "failed";
/** `owned`: another process has it. Others say what to do in the message. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
