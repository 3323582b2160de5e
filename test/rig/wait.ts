import { setTimeout as pause } from "node:timers/promises";

/** Looks again every 50 ms until it holds; rejects after `ms` with what was seen last. */
export async function until<T>(look: () => Promise<T | null> | T | null, what: string, ms = 60_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await pause(50);
  }
}

/** A moment of a test's choosing, in which what runs is killed. */
export const moment = (ms: number): Promise<void> => pause(ms);
