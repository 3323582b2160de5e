import { setTimeout as sleep } from "node:timers/promises";
import type { Observed } from "../../../core/run/events.ts";
import { healthProblem } from "./health.ts";
import { endInstance, Instance } from "./instance.ts";
import type { ServiceLog } from "./log.ts";
import { freePort, HOST } from "./ports.ts";
import { Proxy } from "./proxy.ts";
import type { Answer, Release, TargetState } from "./state.ts";

/** How long connections of a replaced instance may finish, and how long it then has between TERM and KILL. */
const DRAIN_MS = 10_000;
const GRACE_MS = 5000;
const READY_LOOK_MS = { first: 25, most: 250 };
const BACKOFF_MS = { first: 250, most: 10_000 };
/** One that has run so long is not in a crash loop. */
const STEADY_MS = 30_000;
const PORT_TRIES = 3;

export type Surroundings = {
  readonly environment: string;
  readonly directory: string;
  readonly log: ServiceLog;
  /** Brings the state to the disk; throws where it cannot. */
  readonly save: (state: TargetState) => void;
  /** Ports that other services keep. */
  readonly taken: () => ReadonlySet<number>;
  readonly say: (text: string) => void;
};

/**
 * One service: its public port, the instance that is live, and the one that may replace it.
 *
 *     apply: candidate started ──healthy──▶ live (recorded, then switched) ──next apply──▶ leaving (drained, ended)
 *                              └─not healthy, cancelled──▶ ended; what was live stays
 */
export class Target {
  readonly #around: Surroundings;
  readonly #proxy = new Proxy();
  #state: TargetState;
  #live: Instance | null = null;
  #ready = false;
  #crashes = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #applying = new Map<string, { readonly answer: Promise<Answer>; readonly cancel: AbortController }>();
  readonly #stopping = new AbortController();

  constructor(state: TargetState, around: Surroundings) {
    this.#state = state;
    this.#around = around;
  }

  /** Takes over from a keeper that is gone: what was undecided is ended, what runs is adopted, what does not is started. */
  async takeOver(): Promise<void> {
    const { live, candidate, leaving, port } = this.#state;
    await Promise.all([...leaving, ...(candidate ? [candidate] : [])].map((one) => endInstance(one, this.#around.directory, GRACE_MS)));
    this.#change({ candidate: null, leaving: [] });
    if (!live) return;
    if (port !== 0 && !(await this.#proxy.hold(port))) this.#around.say(`${this.#name()}: port ${port} is in use by another program`);
    const running = live.instance && Instance.adopt(live.instance, this.#around.directory);
    if (running) this.#become(running);
    else void this.#enqueue(() => this.#restart(live.release));
  }

  apply(release: Release): Promise<Answer> {
    const known = this.#state.answers.find(({ attempt }) => attempt === release.attempt);
    if (known) return Promise.resolve(known.answer);
    const underWay = this.#applying.get(release.attempt);
    if (underWay) return underWay.answer;
    const cancel = new AbortController();
    const answer = this.#enqueue(() => this.#replace(release, AbortSignal.any([cancel.signal, this.#stopping.signal])));
    this.#applying.set(release.attempt, { answer, cancel });
    const over = () => this.#applying.delete(release.attempt);
    answer.then(over, over);
    return answer;
  }

  /** Gives up an apply that is under way; what was live stays. */
  cancel(attempt: string): void {
    this.#applying.get(attempt)?.cancel.abort();
  }

  /** What is live now, after an apply that is under way. */
  async observe(): Promise<Observed> {
    await this.#queue;
    const { live } = this.#state;
    if (!live) return { kind: "absent" };
    const { commit, digest, attempt } = live.release;
    return { kind: "live", commit, digest, attempt, health: await this.#health(live.release), url: this.#url() };
  }

  /** Waits until what is live has been started again and is ready. Returns what is in the way, or null. */
  async resume(commit: string, digest: string | null): Promise<string | null> {
    await this.#queue;
    const { live, port } = this.#state;
    if (live?.release.commit !== commit || live.release.digest !== digest)
      return `the keeper has ${live ? `commit ${live.release.commit}` : "nothing"} on record: deploy it again`;
    if (!(await this.#proxy.hold(port))) return this.#portTaken(port);
    for (const deadline = performance.now() + live.release.readyTimeoutMs; performance.now() < deadline; await sleep(READY_LOOK_MS.most))
      if (this.#live && (await this.#health(live.release)) === "healthy") return null;
    return `it does not become healthy:\n${this.#around.log.lastSince(0)}`;
  }

  idle(): boolean {
    return this.#applying.size === 0 && this.#state.live === null && this.#state.leaving.length === 0;
  }

  /** Ends what runs and lets go of the port. What is live stays on record, so that it can be brought back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#queue.catch(() => null);
    this.#proxy.close();
    const { live, candidate, leaving } = this.#state;
    const running = [live?.instance, candidate, ...leaving].flatMap((one) => (one ? [one] : []));
    await Promise.all(running.map((one) => endInstance(one, this.#around.directory, GRACE_MS)));
    this.#change({ live: live && { ...live, instance: null }, candidate: null, leaving: [] });
    this.#around.log.close();
  }

  async #replace(release: Release, signal: AbortSignal): Promise<Answer> {
    const [portBefore, liveBefore] = [this.#state.port, this.#live];
    const port = await this.#publish(release.port);
    if (port === null) return this.#answer(release, { ok: false, changed: false, message: this.#portTaken(release.port ?? portBefore) });
    const started = await this.#candidate(release, signal);
    if ("problem" in started) {
      if (port !== portBefore) this.#proxy.release(port);
      return this.#answer(release, { ok: false, changed: false, message: started.problem });
    }
    const { record } = started.instance;
    const answer: Answer = { ok: true, url: `http://${HOST}:${port}` };
    const leaving = liveBefore ? [...this.#state.leaving, liveBefore.record] : this.#state.leaving;
    // Recorded first: a keeper that is killed here is followed by one that goes on with the new release.
    await this.#changeOrEnd(started.instance, {
      port,
      live: { release, instance: record },
      candidate: null,
      leaving,
      answers: [...this.#state.answers, { attempt: release.attempt, answer }],
    });
    this.#crashes = 0;
    this.#become(started.instance, true);
    if (portBefore !== 0 && portBefore !== port) this.#proxy.release(portBefore);
    if (liveBefore) this.#leave(liveBefore).catch((error: unknown) => this.#around.say(`${this.#name()}: ${String(error)}`));
    return answer;
  }

  /** The port that clients will use, held; null where somebody else has it. */
  async #publish(asked: number | null): Promise<number | null> {
    const port = asked ?? this.#state.port;
    if (port === 0) return await this.#proxy.holdAny(this.#around.taken());
    return (await this.#proxy.hold(port)) ? port : null;
  }

  /** Starts a release beside what is live and waits until it is healthy; ends it where it does not become so. */
  async #candidate(release: Release, signal: AbortSignal): Promise<{ readonly instance: Instance } | { readonly problem: string }> {
    const { log, directory } = this.#around;
    for (let tries = 1; ; tries++) {
      const before = log.size();
      const port = await freePort(this.#around.taken());
      const instance = await Instance.start(release, port, log, directory).catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
      if (typeof instance === "string") return { problem: instance };
      await this.#changeOrEnd(instance, { candidate: instance.record });
      const problem = await this.#notReady(instance, release, signal);
      if (problem === null) return { instance };
      await instance.end(signal.aborted ? GRACE_MS / 5 : GRACE_MS);
      this.#change({ candidate: null });
      const printed = log.lastSince(before);
      if (tries < PORT_TRIES && !signal.aborted && /EADDRINUSE|address already in use/i.test(printed) && printed.includes(String(port)))
        continue;
      return { problem: `${problem}${printed === "" ? "" : `; it printed:\n${printed}`}` };
    }
  }

  async #notReady(instance: Instance, release: Release, signal: AbortSignal): Promise<string | null> {
    const ended: string[] = [];
    void instance.ended.then((how) => ended.push(how));
    const deadline = performance.now() + release.readyTimeoutMs;
    for (let pause = READY_LOOK_MS.first; ; pause = Math.min(2 * pause, READY_LOOK_MS.most)) {
      if (signal.aborted) return "stopped before it was healthy";
      const problem = await healthProblem(instance.record.port, release.health);
      if (ended.length > 0) return `\`${release.command.join(" ")}\` ended before it was healthy (${ended.join()})`;
      if (problem === null) return null;
      if (performance.now() > deadline)
        return `not healthy within ${release.readyTimeoutMs / 1000} s (\`readyTimeout\` raises this): ${problem}`;
      await sleep(pause);
    }
  }

  #become(instance: Instance, ready = false): void {
    this.#live = instance;
    this.#ready = ready;
    this.#proxy.pointTo(instance.record.port);
    void instance.ended.then((how) => this.#crashed(instance, how));
  }

  async #leave(instance: Instance): Promise<void> {
    await this.#proxy.drain(instance.record.port, DRAIN_MS);
    await instance.end(GRACE_MS);
    if (!this.#stopping.signal.aborted) this.#change({ leaving: this.#state.leaving.filter(({ id }) => id !== instance.record.id) });
  }

  #crashed(instance: Instance, how: string): void {
    const { live } = this.#state;
    if (this.#live !== instance || this.#stopping.signal.aborted || !live) return;
    if (performance.now() - instance.startedAt > STEADY_MS) this.#crashes = 0;
    this.#live = null;
    this.#proxy.pointTo(null);
    this.#again(live.release, `ended (${how})`, () => instance.end(GRACE_MS));
  }

  /** Starts a release again in a while, unless another one has become live by then. */
  #again(release: Release, why: string, first: () => Promise<void>): void {
    const wait = Math.min(BACKOFF_MS.first * 2 ** this.#crashes++, BACKOFF_MS.most);
    this.#around.say(`${this.#name()} ${why}; started again in ${wait} ms`);
    const again = async () => {
      await first(); // what a dead one has left behind would be in the new one's way
      await sleep(wait, undefined, { signal: this.#stopping.signal });
      await this.#enqueue(async () => {
        if (this.#live === null && this.#state.live?.release === release) await this.#restart(release);
      });
    };
    again().catch(() => null); // stopping
  }

  async #restart(release: Release): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      const instance = await Instance.start(release, await freePort(this.#around.taken()), this.#around.log, this.#around.directory);
      // The same release object: it says that nothing else has become live.
      await this.#changeOrEnd(instance, { live: { release, instance: instance.record } });
      this.#become(instance);
    } catch (error) {
      this.#again(release, `cannot be started: ${error instanceof Error ? error.message : String(error)}`, () => Promise.resolve());
    }
  }

  async #health(release: Release): Promise<"healthy" | "progressing" | "degraded"> {
    const instance = this.#live;
    const healthy =
      instance !== null &&
      (await this.#proxy.hold(this.#state.port)) &&
      (await healthProblem(instance.record.port, release.health)) === null;
    if (healthy) this.#ready = true;
    if (healthy && this.#live === instance) return "healthy";
    const starting =
      instance !== null && !this.#ready && this.#crashes === 0 && performance.now() - instance.startedAt < release.readyTimeoutMs;
    return starting ? "progressing" : "degraded";
  }

  #answer(release: Release, answer: Answer): Answer {
    this.#change({ answers: [...this.#state.answers, { attempt: release.attempt, answer }] });
    return answer;
  }

  #change(change: Partial<TargetState>): void {
    const next = { ...this.#state, ...change };
    this.#around.save(next);
    this.#state = next;
  }

  /** For an instance that runs only if it is on record: one that no record names would be nobody's. */
  async #changeOrEnd(instance: Instance, change: Partial<TargetState>): Promise<void> {
    try {
      this.#change(change);
    } catch (error) {
      await instance.end(0);
      throw error;
    }
  }

  /** One after the other; a failure is its caller's, the next one goes on. */
  #enqueue<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(act);
    this.#queue = result.catch(() => null);
    return result;
  }

  #portTaken = (port: number): string =>
    `port ${port} of ${this.#name()} is in use by another program: end that program, or set another \`port\` for ${this.#state.service}`;
  #url = (): string => `http://${HOST}:${this.#state.port}`;
  #name = (): string => `${this.#state.service}@${this.#around.environment}`;
}
