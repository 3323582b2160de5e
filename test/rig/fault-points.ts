import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { AttemptSpec } from "../../src/core/run/effects.ts";
import type { Event } from "../../src/core/run/events.ts";
import type { Driver } from "../../src/engine/ports/driver.ts";
import type { Executor } from "../../src/engine/ports/executor.ts";
import type { Source } from "../../src/engine/ports/source.ts";
import type { Store } from "../../src/engine/ports/store.ts";

/** Moments of a story, named by what happens there, so that they are the same in each telling of it. They are recorded, and at those that are asked for this process kills itself, once each. */
export class FaultPoints {
  readonly #file: string;
  readonly #kills: Set<string>;
  readonly #seen = new Set<string>();

  /** `file`: gets one line for each moment that is reached, and one with `killed` before a kill. */
  constructor(file: string, kills: readonly string[]) {
    this.#file = file;
    this.#kills = new Set(kills);
    for (const point of killedAt(file)) this.#kills.delete(point);
  }

  /** One moment, by all its names: events that are committed together are so at once. */
  reach(...names: readonly string[]): void {
    const lines = names.filter((name) => !this.#seen.has(name));
    for (const name of names) this.#seen.add(name);
    const killed = names.filter((name) => this.#kills.has(name)).map((name) => `${KILLED}${name}`);
    const text = [...lines, ...killed].map((line) => `${line}\n`).join("");
    if (text !== "") appendFileSync(this.#file, text);
    if (killed.length > 0) process.kill(process.pid, "SIGKILL");
  }
}

const KILLED = "killed ";
const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []);
export const killedAt = (file: string): string[] =>
  linesOf(file).flatMap((line) => (line.startsWith(KILLED) ? [line.slice(KILLED.length)] : []));
export const reachedIn = (file: string): string[] => [...new Set(linesOf(file).filter((line) => !line.startsWith(KILLED)))];

/** Steps by attempt: an attempt's own id holds a number that may differ from telling to telling. */
const steps = new Map<string, string>();
const nameOf = (attempt: string): string => steps.get(attempt) ?? "an attempt of before";

function nameAttempt(spec: AttemptSpec): string {
  const name = `${spec.kind} ${spec.kind === "build" ? spec.artifact.name : spec.target} of run ${spec.run}`;
  steps.set(spec.id, name);
  return name;
}

/** What an event is about; null where it comes by the clock, and so not in each telling. */
function nameEvent(event: Event): string | null {
  if (event.type === "tick" || event.type === "target.watched" || event.type === "reevaluate") return null;
  const { attempt, run, target, environment, relation } = event as Partial<Record<string, unknown>> & { relation?: { order: string } };
  const about = [
    typeof attempt === "string" ? nameOf(attempt) : run,
    target,
    environment,
    relation === undefined ? undefined : JSON.stringify({ ...relation, release: undefined, live: undefined }),
  ];
  return [event.type, ...about.filter((part) => typeof part === "string")].join(" ");
}

/** The store with a point before and after each event's commit, and around what is remembered beside events. */
export function aroundStore(store: Store, points: FaultPoints): Store {
  return replaced(store, {
    async commit(entries, done) {
      for (const { changes } of entries)
        for (const change of changes)
          if (change.table === "attempt") steps.set(change.row.id, `${change.row.step.replace(":", " ")} of run ${change.row.run}`);
      const names = entries.flatMap(({ event }) => nameEvent(event) ?? []);
      if (entries.length === 0 && done.length > 0) names.push("only what is done");
      points.reach(...names.map((name) => `before the commit of ${name}`));
      const seqs = await store.commit(entries, done);
      points.reach(...names.map((name) => `after the commit of ${name}`));
      return seqs;
    },
  });
}

/** The executor with a point before an attempt is started, when it is, and when its end is known and not told yet. */
export function aroundExecutor(executor: Executor, points: FaultPoints): Executor {
  return replaced(executor, {
    async start(spec) {
      const name = nameAttempt(spec);
      points.reach(`before the start of ${name}`);
      await executor.start(spec);
      points.reach(`behind the start of ${name}`);
    },
    async stop(attempt) {
      points.reach(`before the stop of ${nameOf(attempt)}`);
      await executor.stop(attempt);
      points.reach(`behind the stop of ${nameOf(attempt)}`);
    },
    onEnd(listener) {
      executor.onEnd((attempt, end) => {
        points.reach(`at the end of ${nameOf(attempt)}`);
        listener(attempt, end);
      });
    },
  });
}

export function aroundSource(source: Source, points: FaultPoints): Source {
  return replaced(source, {
    async relate(...args) {
      points.reach("before two commits are compared");
      const relation = await source.relate(...args);
      points.reach(`when two commits are compared: ${relation.order}`);
      return relation;
    },
    async keep(commit) {
      points.reach("before a commit is kept");
      await source.keep(commit);
      points.reach("when a commit is kept");
    },
  });
}

export function aroundDriver(driver: Driver, points: FaultPoints): Driver {
  return replaced(driver, {
    async render(input, context) {
      points.reach(`before ${input.target} is rendered`);
      const text = await driver.render(input, context);
      points.reach(`when ${input.target} is rendered`);
      return text;
    },
    async observe(input, context) {
      points.reach(`before ${input.target} is observed`);
      const observed = await driver.observe(input, context);
      points.reach(`when ${input.target} is observed: ${observed.kind}`);
      return observed;
    },
  });
}

/** The same object but for some methods. */
function replaced<T extends object>(real: T, methods: Partial<T>): T {
  return new Proxy(real, {
    get(target, key) {
      const own: unknown = Reflect.get(methods, key);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
