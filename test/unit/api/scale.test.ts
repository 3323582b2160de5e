import { expect, onTestFinished, test } from "vitest";
import { createApi } from "../../../src/api/api.ts";
import { Auth } from "../../../src/api/auth.ts";
import { listen } from "../../../src/api/server.ts";
import type { Store } from "../../../src/engine/ports/store.ts";
import { openNoopEngine } from "../../rig/noop-engine.ts";
import { HeldExecutor, scaleDriver, scaleSource, seedHistory, startRuns } from "../../rig/scale.ts";

/** Counts what is asked of the store. */
function counted(store: Store): { readonly store: Store; take(): number } {
  let calls = 0;
  const proxy = new Proxy(store, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        calls++;
        return Reflect.apply(value, of, given);
      };
    },
  });
  return { store: proxy, take: () => [calls, (calls = 0)][0] ?? 0 };
}

/** The store calls of each request, once what never changes has been looked up. */
async function callsOf(services: number): Promise<Readonly<Record<string, number>>> {
  const size = { services, runs: 20, deployAlls: 1 };
  let counter: ReturnType<typeof counted> | null = null;
  const executor = new HeldExecutor();
  const { engine, close } = await openNoopEngine(scaleSource(services, 100), {
    executor,
    driver: scaleDriver,
    between: (store) => (counter = counted(store)).store,
  });
  await seedHistory(engine.store, size);
  const [largest] = await startRuns(engine, executor, size, 2);
  const auth = new Auth({ ownerToken: "owner", user: "ana", tokens: [] });
  const closing = new AbortController();
  const server = await listen(createApi(engine, { version: "0", auth, closing: closing.signal, onError: () => {} }), {
    host: "127.0.0.1",
    port: 0,
    auth,
    closing,
  });
  onTestFinished(async () => {
    await server.close(100);
    await close();
  });
  const found: Record<string, number> = {};
  for (const path of ["targets?limit=500", "environments", "runs?limit=50", "approvals", "waiting", `runs/${largest}`]) {
    const ask = async () => expect((await fetch(`${server.url}/api/v1/${path}`)).status).toBe(200);
    await ask();
    counter = counter as ReturnType<typeof counted> | null;
    counter?.take();
    await ask();
    found[path.replace(/[?/].*/, path.startsWith("runs/") ? "/one" : "")] = counter?.take() ?? Number.NaN;
  }
  return found;
}

test("no request asks the store more often because there are more services", { timeout: 60_000 }, async () => {
  const few = await callsOf(20);
  expect(few).toEqual({ targets: 1, environments: 1, runs: 1, approvals: 0, waiting: 0, "runs/one": 4 });
  expect(await callsOf(80)).toEqual(few);
});
