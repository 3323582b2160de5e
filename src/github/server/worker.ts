import { createHash } from "node:crypto";
import type { Clock } from "../../engine/ports/clock.ts";
import { ForgeError } from "../forge.ts";

/** Whether a text is another than the one that was told last. */
export const textKey = (text: string): string => createHash("sha256").update(text).digest("hex");

export type Log = (level: "info" | "warn" | "error", message: string, details?: object) => void;
export type WorkerOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Without anybody's waking it looks again after so long, in ms, as asked after each look; null: never. */
  readonly everyMs: number | null | (() => number | null);
  /** Between the end of one look and the next, in ms: what happens in between is told together. */
  readonly restMs?: number;
};

/** After a failure it is tried again so soon, and after each further one twice as late. */
const PAUSE = { firstMs: 5_000, mostMs: 600_000 };

/** Does one thing at a time, when it is woken or time has passed; what fails is said once, and tried again until it does not. Nothing waits for it. */
export class Worker {
  readonly #work: () => Promise<void>;
  readonly #options: WorkerOptions;
  #due = false;
  #running: Promise<void> | null = null;
  #closed = false;
  #failures = 0;
  #limited = false;
  #said: string | null = null;
  #stuck: { readonly problem: string; readonly nextAt: number } | null = null;
  #resting = false;
  #stopTimer = (): void => {};
  #stopRest = (): void => {};

  constructor(work: () => Promise<void>, options: WorkerOptions) {
    this.#work = work;
    this.#options = options;
  }

  /** What keeps it from going on, and when it tries again, in ms since 1970; null: nothing. */
  get stuck(): { readonly problem: string; readonly nextAt: number } | null {
    return this.#stuck;
  }

  /** What has failed keeps its pause: more of the same does not help. */
  wake(): void {
    if (this.#failures === 0) this.#look();
    else this.#due = true;
  }

  /** Something new may be what was missing: it is tried at once, unless the forge has asked for a pause. */
  hurry(): void {
    if (this.#limited) this.#due = true;
    else this.#look();
  }

  /** Nothing new is begun; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    this.#stopRest();
    await this.#running;
  }

  #look(): void {
    this.#due = true;
    if (this.#closed || this.#running || this.#resting) return;
    this.#running = this.#all().finally(() => {
      this.#running = null;
      // woken after the last look and before this
      if (this.#due && this.#failures === 0) this.#look();
    });
  }

  async #all(): Promise<void> {
    this.#stopTimer();
    while (this.#due && !this.#closed && !this.#resting) {
      this.#due = false;
      try {
        await this.#work();
        this.#failures = 0;
        this.#limited = false;
        if (this.#said !== null) this.#options.log("info", `${this.#options.name}: goes on`);
        this.#said = null;
        this.#stuck = null;
        this.#rest();
      } catch (error) {
        if (!this.#closed) this.#failed(error);
        return;
      }
    }
    const { everyMs, clock } = this.#options;
    const pause = typeof everyMs === "function" ? everyMs() : everyMs;
    if (pause !== null && !this.#closed) this.#stopTimer = clock.after(pause, () => this.#look());
  }

  #rest(): void {
    const { restMs = 0, clock } = this.#options;
    if (restMs === 0 || this.#closed) return;
    this.#resting = true;
    this.#stopRest = clock.after(restMs, () => {
      this.#resting = false;
      if (this.#due) this.#look();
    });
  }

  #failed(error: unknown): void {
    const { clock, log, name } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    const hint = (error as { hint?: unknown }).hint;
    const pause = Math.min(PAUSE.firstMs * 2 ** this.#failures, PAUSE.mostMs);
    const until = error instanceof ForgeError && error.retryAt !== null ? error.retryAt - clock.now() : 0;
    this.#failures += 1;
    this.#limited = until > 0;
    if (message !== this.#said) log("warn", `${name}: ${message}`, typeof hint === "string" && hint !== "" ? { hint } : {});
    this.#said = message;
    this.#stuck = { problem: message, nextAt: clock.now() + Math.max(pause, until) };
    this.#stopTimer = clock.after(Math.max(pause, until), () => this.#look());
  }
}
