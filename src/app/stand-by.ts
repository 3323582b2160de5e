import { setTimeout as pause } from "node:timers/promises";
import { CliError, EXIT } from "../cli/exit.ts";
import { StoreError } from "../engine/ports/store.ts";
import { isBusy } from "../store/errors.ts";
import { DEFAULT_FENCE_MS, type Lease, LeaseWatch, LOOK_MS } from "../store/lease.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** After so long without a sign of life an owner may be taken over from, in ms: `SLUICE_FENCE`, in seconds. Throws `CliError`. */
export function fenceOf(env: Environment): number {
  const text = env["SLUICE_FENCE"];
  if (!text) return DEFAULT_FENCE_MS;
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 3_600) return seconds * 1_000;
  throw new CliError(EXIT.usage, `SLUICE_FENCE=${text} is no number of seconds from 1 to 3600`, "Leave it out for 10 seconds");
}

export type Watching = { readonly lapsed: () => Lease | null; readonly stop: () => void };

/** Looks at the owner's lease in the background, whatever else this process waits for. */
export function watchLease(home: string): Watching {
  const watch = new LeaseWatch(home);
  let lapsed: Lease | null = watch.lapsed();
  const timer = setInterval(() => (lapsed = watch.lapsed()), LOOK_MS);
  return { lapsed: () => lapsed, stop: () => clearInterval(timer) };
}

/** An owner has it; or was stopped in the midst of a write, which is its own until it goes on or ends. */
const mayComeFree = (error: unknown): boolean => error instanceof StoreError && (error.code === "owned" || isBusy(error.cause));

/**
 * Takes the store as soon as it can be had: its owner has ended, or has lapsed. `take` opens it, and is told whose lease to take over. Resolves to null when the signal
 * aborts; rejects with `StoreError("owned")` where the owner goes on for longer than `patienceMs`, and with whatever else is wrong at once.
 */
export async function standBy<T>(
  home: string,
  { signal, patienceMs }: { readonly signal: AbortSignal; readonly patienceMs: number },
  take: (takeOver: Lease | null) => Promise<T>,
): Promise<T | null> {
  const watching = watchLease(home);
  const deadline = performance.now() + patienceMs;
  try {
    while (!signal.aborted) {
      try {
        return await take(watching.lapsed());
      } catch (error) {
        if (!mayComeFree(error) || performance.now() > deadline) throw error;
      }
      await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    }
    return null;
  } finally {
    watching.stop();
  }
}
