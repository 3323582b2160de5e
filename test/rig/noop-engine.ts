import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttemptSpec } from "../../src/core/run/effects.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Clock } from "../../src/engine/ports/clock.ts";
import type { Builder, Driver } from "../../src/engine/ports/driver.ts";
import type { Executor } from "../../src/engine/ports/executor.ts";
import type { Source } from "../../src/engine/ports/source.ts";
import type { Store, StoreError } from "../../src/engine/ports/store.ts";
import { systemClock } from "../../src/app/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { NoopExecutor, noopDriver } from "./noop.ts";

const builder: Builder = {
  name: "noop",
  inHome: false,
  schema: {
    ...noopDriver.schema,
    kind: "builder",
    awaits: (config) => (config["await"] === true ? "registry.example/one:${commit}" : null),
  },
  build: () => Promise.reject(new Error("not here")),
  has: () => Promise.resolve(true),
};

export type NoopEngine = { readonly engine: Engine; readonly store: Store; readonly home: string; readonly close: () => Promise<void> };
export type NoopOptions = {
  readonly onStart?: (spec: AttemptSpec) => void;
  readonly executor?: Executor | ((store: Store) => Executor);
  readonly driver?: Driver;
  /** Whether artifacts are still there. */
  readonly has?: Builder["has"];
  /** What somebody else has pushed, for artifacts that say `await: true`. */
  readonly find?: NonNullable<Builder["find"]>;
  readonly clock?: Clock;
  /** Another directory than a fresh one, which is then kept at the end. */
  readonly home?: string;
  /** Puts something between the engine and the store. */
  readonly between?: (store: Store) => Store;
  readonly deposed?: (error: StoreError) => void;
  readonly log?: (level: string, message: string) => void;
};

/** The real engine over a real store on disk, with a driver and an executor that do nothing unless told otherwise. */
export async function openNoopEngine(source: Source, options: NoopOptions = {}): Promise<NoopEngine> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), "sluice-noop-"));
  const real = await openSqliteStore(home, { version: "0.0.0" });
  const store = options.between?.(real) ?? real;
  const engine = await Engine.open({
    store,
    executor: (typeof options.executor === "function" ? options.executor(store) : options.executor) ?? new NoopExecutor(options.onStart),
    source,
    driver: () => Promise.resolve(options.driver ?? noopDriver),
    trees: () => Promise.reject(new Error("a driver that does nothing reads no commit")),
    builder: () => Promise.resolve({ ...builder, ...(options.has && { has: options.has }), ...(options.find && { find: options.find }) }),
    adapters: [noopDriver.schema, builder.schema],
    clock: options.clock ?? systemClock,
    home,
    project: "big",
    policyRef: null,
    log: options.log ?? (() => {}),
    deposed:
      options.deposed ??
      ((error) => {
        throw error;
      }),
  });
  const close = async () => {
    await engine.close();
    await store.close();
    if (options.home === undefined) rmSync(home, { recursive: true, force: true });
  };
  return { engine, store, home, close };
}

/** Resolves at the first commit after which nothing is under way and the condition holds. */
export async function untilCommitted(engine: Engine, holds: () => Promise<boolean>): Promise<void> {
  for (;;) {
    // listens before it looks, so that a commit between the two is not missed
    const committed = new Promise<void>((resolve) => {
      const off = engine.onCommit(() => {
        off();
        resolve();
      });
    });
    if (engine.idle() && (await holds())) return;
    await committed;
  }
}
