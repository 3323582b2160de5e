import type { Digest } from "../../core/config/config.ts";
import type { AttemptSpec } from "../../core/run/effects.ts";

export type AttemptEnd = {
  readonly outcome: "succeeded" | "failed" | "errored" | "cut";
  readonly message: string | null;
  readonly digest: Digest | null;
  readonly changed: boolean;
  readonly url: string | null;
};

/** Runs attempts so that they survive the orchestrator. */
export interface Executor {
  /** Starts an attempt, or adopts it where it was started before: the same id never runs twice. Returns once it is recorded. */
  start(spec: AttemptSpec): Promise<void>;
  /** Asks it to stop, then kills it and everything it started. Its end is told as any other. */
  stop(attempt: string): Promise<void>;
  /** Told once for each attempt that ends; `lost` where its process is gone and left no outcome, after what it left running has been ended. */
  onEnd(listener: (attempt: string, end: AttemptEnd | "lost") => void): void;
  /** Bytes of the log from `offset` on, at most `limit`; `ended` when no more will come. */
  readLog(
    attempt: string,
    offset: number,
    limit: number,
  ): Promise<{ readonly text: string; readonly next: number; readonly ended: boolean }>;
  /** Resolves when the log has grown past `offset`, the attempt has ended, or the signal aborts. */
  logGrown(attempt: string, offset: number, signal: AbortSignal): Promise<void>;
  /** Lets go of what runs, without ending it. */
  close(): Promise<void>;
}
