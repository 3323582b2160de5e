import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttemptSpec } from "../../src/core/run/effects.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Builder } from "../../src/engine/ports/driver.ts";
import type { Source } from "../../src/engine/ports/source.ts";
import type { Store } from "../../src/engine/ports/store.ts";
import { systemClock } from "../../src/app/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { NoopExecutor, noopDriver } from "./noop.ts";

const builder: Builder = { name: "noop", schema: { ...noopDriver.schema, kind: "builder" }, build: () => Promise.reject(new Error("not here")), has: () => Promise.resolve(true) };

export type NoopEngine = { readonly engine: Engine; readonly store: Store; readonly close: () => Promise<void> };

/** The real engine over a real store on disk, with a driver and an executor that do nothing. */
export async function openNoopEngine(source: Source, onStart: (spec: AttemptSpec) => void = () => {}): Promise<NoopEngine> {
  const home = mkdtempSync(join(tmpdir(), "sluice-noop-"));
  const store = await openSqliteStore(home, { version: "0.0.0" });
  const engine = await Engine.open({
    store,
    executor: new NoopExecutor(onStart),
    source,
    driver: () => Promise.resolve(noopDriver),
    builder: () => Promise.resolve(builder),
    adapters: [noopDriver.schema, builder.schema],
    clock: systemClock,
    home,
    project: "big",
    policyRef: null,
    log: () => {},
    deposed: (error) => {
      throw error;
    },
  });
  const close = async () => {
    await engine.close();
    await store.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { engine, store, close };
}

/** Resolves at the first commit after which the condition holds. */
export async function untilCommitted(engine: Engine, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()))
    await new Promise<void>((resolve) => {
      const off = engine.onCommit(() => {
        off();
        resolve();
      });
    });
}
