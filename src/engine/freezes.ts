import { Cron } from "croner";
import type { EnvironmentId, Freeze, Policy } from "../core/config/config.ts";
import type { EnvironmentRow, Time } from "../core/run/rows.ts";
import type { Configs } from "./configs.ts";
import { messageOf } from "./errors.ts";
import type { Loop, Told } from "./loop.ts";
import type { Clock } from "./ports/clock.ts";

export type FreezesOptions = {
  readonly loop: Loop;
  readonly configs: Configs;
  readonly clock: Clock;
  readonly policyRef: string | null;
  readonly log: (level: "info" | "warn" | "error", message: string, details?: object) => void;
};

type Open = NonNullable<EnvironmentRow["freeze"]>;
type Window = {
  readonly reason: string | null;
  /** When the window that is open at a time ends; null: none is. */
  end(at: Time): Time | null;
  /** The first beginning after a time; null: none is to come. */
  next(at: Time): Time | null;
};
type Watched = {
  readonly windows: readonly Window[];
  open: Open | null;
  /** When a window opens or ends next: before that nothing changes. */
  edge: Time;
};

/** The policy ref may move, which nobody tells. It is also the longest wait for an edge, so that a clock that jumps is noticed. */
const LOOK_MS = 60_000;
/** So many windows in a row are looked through for the end of a freeze; where each leads into the next without end, this one is told. */
const IN_A_ROW = 100;

/** Tells the loop when windows of policy begin and end. Where policy cannot be read, what it said last stays. */
export class Freezes {
  readonly #options: FreezesOptions;
  /** What the loop has been told, once it has been told anything; before that the store knows. */
  readonly #told = new Map<EnvironmentId, Open | null>();
  #policy: Policy | null = null;
  #watched = new Map<EnvironmentId, Watched>();
  #readAt = 0;
  #warned = false;
  #stop: () => void = () => {};
  #closed = false;

  constructor(options: FreezesOptions) {
    this.#options = options;
  }

  /** Reads the policy ref. Never rejects: a problem is logged, once until it is gone. */
  async read(): Promise<void> {
    this.#readAt = this.#options.clock.now();
    try {
      const { policy } = await this.#options.configs.policy(this.#options.policyRef);
      if (policy !== this.#policy) this.#watched = watch(policy);
      this.#policy = policy;
      this.#warned = false;
    } catch (error) {
      if (!this.#warned && !this.#closed)
        this.#options.log("warn", "policy cannot be read: freezes stay as it said last", { error: messageOf(error) });
      this.#warned = true;
    }
  }

  /** What the loop has yet to be told for every environment to be as policy wants it now. */
  due(): readonly Told[] {
    if (this.#policy === null) return [];
    const { environments } = this.#options.loop.state;
    const now = this.#now();
    return [...new Set([...this.#watched.keys(), ...environments.keys()])].flatMap((environment) => {
      const known = this.#told.get(environment) ?? (this.#told.has(environment) ? null : (environments.get(environment)?.freeze ?? null));
      const open = this.#openIn(environment, now, known);
      if (open?.until === known?.until && open?.reason === known?.reason) return [];
      this.#told.set(environment, open);
      return [open === null ? { type: "environment.thawed", environment } : { type: "environment.frozen", environment, ...open }];
    });
  }

  /** Before a deploy is admitted under the policy as it is now: what that freezes must stop it. Never rejects. */
  async look(): Promise<void> {
    await this.read();
    this.#tell();
    this.start();
  }

  /** Goes on by itself from here. */
  start(): void {
    if (this.#closed) return;
    this.#stop();
    const { clock } = this.#options;
    const edge = Math.min(...[...this.#watched.values()].map((watched) => watched.edge));
    const ms = Math.min(edge - this.#now(), this.#readAt + LOOK_MS - clock.now(), LOOK_MS);
    this.#stop = clock.after(Math.max(1, ms), () => void this.#turn());
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  /** An edge is told from what is known, and does not wait for git. */
  async #turn(): Promise<void> {
    this.#tell();
    const { clock } = this.#options;
    if (Math.abs(clock.now() - this.#readAt) >= LOOK_MS) {
      await this.read();
      this.#tell();
    }
    this.start();
  }

  #tell(): void {
    if (this.#closed) return;
    for (const event of this.due()) this.#options.loop.tell(event, null);
  }

  /** The loop's time: a clock that is set back must not end a freeze. */
  #now(): Time {
    return Math.max(this.#options.clock.now(), this.#options.loop.state.meta.at);
  }

  #openIn(environment: EnvironmentId, now: Time, known: Open | null): Open | null {
    const watched = this.#watched.get(environment);
    if (watched === undefined) return null;
    if (watched.edge > now) return watched.open;
    watched.open = openAt(watched.windows, now, known);
    watched.edge = Math.min(...watched.windows.flatMap((window) => [window.end(now) ?? Infinity, window.next(now) ?? Infinity]));
    return watched.open;
  }
}

function watch(policy: Policy): Map<EnvironmentId, Watched> {
  // looked at once in any case
  const fresh = (freeze: readonly Freeze[]): Watched => ({ windows: freeze.map(windowOf), open: null, edge: -Infinity });
  return new Map(Object.entries(policy.environments).map(([id, { freeze }]) => [id, fresh(freeze)]));
}

function windowOf(freeze: Freeze): Window {
  const { reason } = freeze;
  if ("from" in freeze) {
    const { from, until } = freeze;
    return { reason, end: (at) => (from <= at && at < until ? until : null), next: (at) => (from > at ? from : null) };
  }
  const cron = new Cron(freeze.cron, { timezone: freeze.zone, mode: "5-part", paused: true });
  return {
    reason,
    end(at) {
      // it answers with what lies before a time, and this one's own beginning counts
      const [last] = cron.previousRuns(1, new Date(at + 1));
      const end = last === undefined ? at : last.getTime() + freeze.lastsMs;
      return end > at ? end : null;
    },
    next: (at) => cron.nextRun(new Date(at))?.getTime() ?? null,
  };
}

/** Until when nothing starts: where a window leads into another the end is that of the last, so that nothing slips through between the two. The reason is that of the window now open that ends last. */
function openAt(windows: readonly Window[], at: Time, known: Open | null): Open | null {
  let open: Open | null = null;
  for (const window of windows) {
    const until = window.end(at);
    if (until !== null && until > (open?.until ?? at)) open = { until, reason: window.reason };
  }
  if (open === null) return null;
  const { reason } = open;
  let { until } = open;
  for (let i = 0; i < IN_A_ROW; i++) {
    const further = Math.max(...windows.map((window) => window.end(until) ?? until));
    if (further === until) return { until, reason };
    until = further;
  }
  // no end in sight: it is not told anew with every window
  return known !== null && known.reason === reason && known.until > at + 2 * LOOK_MS && known.until <= until ? known : { until, reason };
}
