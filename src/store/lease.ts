import { closeSync, futimesSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../host/files.ts";
import { processStart } from "./owner.ts";

/**
 * The owner's word that it goes on: a small file that it touches every so often. The lock says that the owner lives; the lease says that it moves: a process that has
 * been stopped (SIGSTOP, a debugger, a hung machine) keeps the lock and touches nothing, and after `fenceMs` another may take the store over, by raising the epoch.
 */
export type Lease = {
  readonly pid: number;
  readonly startedAt: string;
  /** The one that the holder writes under; null while it opens the store, when nobody may take over. */
  readonly epoch: number | null;
  /** Whether the holder has the lock; one that took over from a stopped process has not, until that one is gone. */
  readonly locked: boolean;
  /** After so long without a touch it may be taken over, in ms. */
  readonly fenceMs: number;
};

export const DEFAULT_FENCE_MS = 10_000;
/** Touches in one fence: some may be late, or lost. */
const BEATS_IN_A_FENCE = 5;
/** How often one that stands by looks, in ms. */
export const LOOK_MS = 250;

const schema = z.object({
  pid: z.int().positive(),
  startedAt: z.string(),
  epoch: z.int().nullable(),
  locked: z.boolean(),
  fenceMs: z.number().positive(),
});
const fileIn = (directory: string): string => join(directory, "lease.json");

/** The lease that this process holds. Touching costs no space and no sync: the file says nothing that has to survive. */
export class HeldLease {
  readonly #directory: string;
  readonly #fenceMs: number;
  #file: number | null = null;
  #beats = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(directory: string, fenceMs: number) {
    this.#directory = directory;
    this.#fenceMs = fenceMs;
  }

  /** Says anew what is held. A file of its own, so that the touches of one that was deposed are not seen any more. */
  write(said: Pick<Lease, "epoch" | "locked">): void {
    const lease: Lease = { pid: process.pid, startedAt: processStart(process.pid) ?? "", fenceMs: this.#fenceMs, ...said };
    writeWhole(fileIn(this.#directory), JSON.stringify(lease));
    if (this.#file !== null) closeSync(this.#file);
    this.#file = openSync(fileIn(this.#directory), "r+");
  }

  /** `look`: called with each touch. */
  start(look: () => void): void {
    this.#timer = setInterval(() => {
      this.#touch();
      look();
    }, this.#fenceMs / BEATS_IN_A_FENCE);
    this.#timer.unref();
  }

  /** `left`: the file stays, since others may only take over from what it says. */
  stop({ left }: { readonly left: boolean }): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#file === null) return;
    closeSync(this.#file);
    this.#file = null;
    if (!left && isOfThisProcess(readLease(this.#directory))) rmSync(fileIn(this.#directory), { force: true });
  }

  /** The time of change is a count: a clock that jumps changes nothing. */
  #touch(): void {
    if (this.#file === null) return;
    this.#beats++;
    try {
      futimesSync(this.#file, this.#beats, this.#beats);
    } catch {
      // A disk that refuses this refuses commits too, and those say so.
    }
  }
}

const isOfThisProcess = (lease: Lease | null): boolean => lease?.pid === process.pid && lease.startedAt === processStart(process.pid);

/** What the last owner said; null where none did. */
export function readLease(directory: string): Lease | null {
  try {
    return schema.parse(JSON.parse(readFileSync(fileIn(directory), "utf8")));
  } catch {
    return null;
  }
}

/** Whether a holder that has no lock is there; one that has it needs no look. */
export const holdsWithoutLock = (lease: Lease | null): boolean =>
  lease !== null && !lease.locked && processStart(lease.pid) === lease.startedAt;

/**
 * One that stands by. It measures by its own monotonic clock how long the lease has not changed, and believes no clock of others. Time in which it did not look itself
 * (this machine slept, this process was stopped) counts as one look: after a sleep of both, the owner gets the chance to touch first.
 */
export class LeaseWatch {
  readonly #directory: string;
  readonly #now: () => number;
  #seen: string | null = null;
  #lastLook = 0;
  #unchangedMs = 0;

  constructor(directory: string, now: () => number = () => performance.now()) {
    this.#directory = directory;
    this.#now = now;
  }

  /** Looks once; the lease where its holder has lapsed, so that it may be taken over, else null. Call it every `LOOK_MS`. */
  lapsed(): Lease | null {
    const lease = readLease(this.#directory);
    const seen = JSON.stringify([lease, this.#touched()]);
    const now = this.#now();
    this.#unchangedMs = seen === this.#seen ? this.#unchangedMs + Math.min(now - this.#lastLook, 2 * LOOK_MS) : 0;
    this.#seen = seen;
    this.#lastLook = now;
    if (lease === null || lease.epoch === null) return null;
    const isGone = !lease.locked && !holdsWithoutLock(lease);
    return isGone || this.#unchangedMs >= lease.fenceMs ? lease : null;
  }

  #touched(): string | null {
    const stat = statSync(fileIn(this.#directory), { throwIfNoEntry: false, bigint: true });
    return stat ? `${stat.ino} ${stat.mtimeNs}` : null;
  }
}
