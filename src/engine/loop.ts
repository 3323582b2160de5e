import type { Answer, Event } from "../core/run/events.ts";
import type { Effect } from "../core/run/effects.ts";
import type { TargetRow } from "../core/run/rows.ts";
import { State } from "../core/run/state.ts";
import { runEnded } from "../core/run/status.ts";
import { transition } from "../core/run/transition.ts";
import type { Clock } from "./ports/clock.ts";
import { type Entry, type Store, StoreError } from "./ports/store.ts";

/** An event before it is told the time. */
export type Told = Event extends infer E ? (E extends Event ? Omit<E, "at"> : never) : never;
type Queued = {
  readonly event: Told;
  readonly done: string | null;
  readonly internal: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};
export type LoopOptions = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (level: "info" | "warn" | "error", message: string, details?: object) => void;
  /** Carries effects out; each comes back as an event. */
  readonly dispatch: (effects: readonly Effect[]) => void;
  /** Another process has the store: nothing may be done any more. */
  readonly deposed: (error: StoreError) => void;
};

const BATCH = 500;
const RETRY_MS = 1000;
/**
 * What is there is asked for again before the first deploy or rollback: meanwhile it may have been changed by hand, or by an orchestrator whose store this one is an older
 * copy of. What an attempt is changing, or has left in doubt, is for that attempt to say.
 */
const unobserved = (target: TargetRow): TargetRow => (target.busy || target.unknown ? target : { ...target, observed: false });

/** A timer cannot be set further ahead; it is set again then. */
const FARTHEST_MS = 86_400_000;

/**
 * Takes events one after the other through the core, commits what has queued up in one transaction, then carries the effects out.
 * Nobody is answered, and nothing is carried out, before it is durable.
 */
export class Loop {
  state: State = new State();
  readonly #options: LoopOptions;
  readonly #listeners = new Set<(seq: number) => void>();
  #queue: Queued[] = [];
  #doneLater: string[] = [];
  #running: Promise<void> | null = null;
  #timer: { readonly at: number; readonly stop: () => void } | null = null;
  #closed = false;
  /** Memory holds what the store did not take: it is loaded anew before anything else. */
  #stale = false;
  #seq = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Loads the state and carries out again what was not known to be done. `first`: what is told before anything that comes of that. */
  async open(first: () => readonly Told[] = () => []): Promise<void> {
    const { state, outbox, lastSeq } = await this.#options.store.load();
    this.state = State.from({ ...state, targets: state.targets.map(unobserved) });
    this.#seq = lastSeq;
    for (const event of first()) this.tell(event, null);
    this.#options.dispatch(outbox);
    this.#schedule();
  }

  get seq(): number {
    return this.#seq;
  }

  onCommit(listener: (seq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A person's command: rejects with `StoreError` when it could not be made durable; then it may or may not have happened. */
  command(event: Told): Promise<Answer> {
    return this.#enqueue(event, null, false);
  }

  /** What has happened outside: kept and told again until it is durable. `done`: the effect that it answers. */
  tell(event: Told, done: string | null): void {
    void this.#enqueue(event, done, true).catch(() => {});
  }

  /** An effect that needs no event to be done. */
  done(key: string): void {
    this.#doneLater.push(key);
  }

  /** Whether nothing is queued, nor being made durable. */
  get settled(): boolean {
    return this.#running === null && this.#queue.length === 0;
  }

  /** Resolves when everything queued so far is durable. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.stop();
    await this.flush();
  }

  #enqueue(event: Told, done: string | null, internal: boolean): Promise<Answer> {
    if (this.#closed) return Promise.reject(new StoreError("failed", "The orchestrator is stopping."));
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, done, internal, resolve, reject });
      this.#start();
    });
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        // whatever else has arrived by the next turn is committed with it: the disk is what a commit costs
        await new Promise((resolve) => setImmediate(resolve));
        const batch = this.#queue.splice(0, BATCH);
        if (!(await this.#commit(batch))) return;
      }
      this.#schedule();
    } finally {
      // in the very turn that has found the queue empty: who comes after that starts it again
      this.#running = null;
    }
  }

  async #commit(batch: readonly Queued[]): Promise<boolean> {
    const { store, clock } = this.#options;
    if (this.#stale && !(await this.#reload())) {
      this.#giveBack(batch, [], new StoreError("failed", "The store cannot be read; see the log."));
      return false;
    }
    const entries: Entry[] = [];
    const answers: Answer[] = [];
    for (const { event } of batch) {
      const at = Math.max(clock.now(), this.state.meta.at);
      const timed = { ...event, at } as Event;
      const { changes, effects, answer } = transition(this.state, timed);
      this.state.apply(changes);
      answers.push(answer);
      if (changes.length > 0 || effects.length > 0) entries.push({ event: timed, changes, effects });
    }
    const done = [...batch.flatMap((q) => q.done ?? []), ...this.#doneLater.splice(0)];
    try {
      if (entries.length > 0 || done.length > 0) this.#seq = (await store.commit(entries, done)).at(-1) ?? this.#seq;
    } catch (error) {
      await this.#failed(batch, done, error);
      return false;
    }
    for (const entry of entries)
      for (const change of entry.changes) if (change.table === "run" && runEnded(change.row.status)) this.state.forget(change.row.id);
    this.#options.dispatch(entries.flatMap((e) => e.effects));
    for (const [i, queued] of batch.entries()) queued.resolve(answers[i] as Answer);
    if (entries.length > 0 || done.length > 0) for (const listener of this.#listeners) listener(this.#seq);
    return true;
  }

  /** A failed commit is unknown: callers are told, and what the store has is loaded before anything else is done. */
  async #failed(batch: readonly Queued[], done: readonly string[], error: unknown): Promise<void> {
    this.#options.log("error", "the store did not take a commit", { error: String(error) });
    if (error instanceof StoreError && error.code === "deposed") {
      this.#closed = true;
      for (const queued of [...batch, ...this.#queue.splice(0)]) queued.reject(error);
      this.#options.deposed(error);
      return;
    }
    this.#stale = true;
    await this.#reload();
    this.#giveBack(batch, done, error);
  }

  async #reload(): Promise<boolean> {
    try {
      const { state, outbox } = await this.#options.store.load();
      this.state = State.from(state);
      this.#stale = false;
      // a commit may have been durable though the store said no: what is under way is not begun twice
      this.#options.dispatch(outbox);
      return true;
    } catch (error) {
      this.#options.log("error", "the store cannot be read", { error: String(error) });
      return false;
    }
  }

  /** Commands are refused; what happened outside is told again after a while. */
  #giveBack(batch: readonly Queued[], done: readonly string[], error: unknown): void {
    for (const queued of batch) if (!queued.internal) queued.reject(error);
    const again = batch.filter((q) => q.internal);
    this.#doneLater.unshift(...done.filter((key) => !again.some((q) => q.done === key)));
    this.#queue.unshift(...again);
    this.#options.clock.after(RETRY_MS, () => this.#start());
  }

  #start(): void {
    if (this.#queue.length === 0) return;
    this.#running ??= this.#drain();
  }

  #schedule(): void {
    const at = this.state.nextWake();
    if (this.#timer?.at === at) return;
    this.#timer?.stop();
    this.#timer = null;
    if (at === null || this.#closed) return;
    const ms = Math.min(Math.max(at - this.#options.clock.now(), 0) + 1, FARTHEST_MS);
    const stop = this.#options.clock.after(ms, () => {
      this.#timer = null;
      this.tell({ type: "tick" }, null);
    });
    this.#timer = { at, stop };
  }
}
