import { ForgeError } from "../forge.ts";
import type { Budget } from "../server/forge.ts";

/** The part of the hour's requests that is left to what matters: gates, records, pushes. */
const RESERVE = 0.2;

/** What the forge has said of its limits, as far as answers told. Times are ms since 1970. */
export class Limits {
  readonly #budgets = new Map<string, Budget>();
  #pausedUntil: number | null = null;

  remember(headers: Headers): void {
    const [limit, left, reset] = ["limit", "remaining", "reset"].map((name) => Number(headers.get(`x-ratelimit-${name}`) ?? Number.NaN));
    if (limit === undefined || left === undefined || reset === undefined || ![limit, left, reset].every(Number.isFinite)) return;
    const resource = headers.get("x-ratelimit-resource") ?? "core";
    this.#budgets.set(resource, { resource, limit, left, resetsAt: reset * 1000 });
  }

  /** A limit is waited for. */
  paused(until: number): void {
    this.#pausedUntil = until;
  }

  /** As the last answers said; those that were renewed since are not told any more. */
  budgets(now: number): readonly Budget[] {
    return [...this.#budgets.values()].filter(({ resetsAt }) => resetsAt > now);
  }

  pausedUntil(now: number): number | null {
    return this.#pausedUntil !== null && this.#pausedUntil > now ? this.#pausedUntil : null;
  }

  /** Of the budget of which the smallest part is left. */
  least(): Budget | null {
    return [...this.#budgets.values()].toSorted((a, b) => a.left / a.limit - b.left / b.limit)[0] ?? null;
  }

  /** For what can wait: throws a `ForgeError` while a limit is waited for, or little more is left than what matters may need. */
  mustSpare(now: number): void {
    const pause = this.pausedUntil(now);
    if (pause !== null) throw waits("GitHub has asked for a pause", pause);
    const core = this.budgets(now).find(({ resource }) => resource === "core");
    if (core && core.left < core.limit * RESERVE)
      throw waits(`${core.left} of ${core.limit} requests are left, which are kept for gates and records`, core.resetsAt);
  }
}

const waits = (why: string, until: number): ForgeError =>
  new ForgeError("limited", why, `checks and comments go on at ${new Date(until).toISOString()}`, until);
