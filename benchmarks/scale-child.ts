// A server over the fleet of benchmarks/scale.ts. `seed`: writes the history, starts the runs in flight, and ends. `serve`: takes up that store, says where it listens, and lets the runs go on.
import { createApi } from "../src/api/api.ts";
import { Auth } from "../src/api/auth.ts";
import { listen } from "../src/api/server.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { openNoopEngine } from "../test/rig/noop-engine.ts";
import { HeldExecutor, scaleDriver, scaleSource, seedHistory, startRuns } from "../test/rig/scale.ts";

/** Attempts that end so often, while requests are measured. */
const ENDS = 2;
const ENDS_EVERY_MS = 50;

const [mode, home = "", services, runs, deployAlls] = process.argv.slice(2);
const size = { services: Number(services), runs: Number(runs), deployAlls: Number(deployAlls) };
const source = scaleSource(size.services, size.runs + 50);
const say = (said: object) => process.stdout.write(`${JSON.stringify(said)}\n`);

if (mode === "seed") {
  const store = await openSqliteStore(home, { version: "0.0.0" });
  let started = performance.now();
  await seedHistory(store, size);
  await store.close();
  const seeded = performance.now() - started;
  const executor = new HeldExecutor();
  const { engine, close } = await openNoopEngine(source, { home, executor, driver: scaleDriver });
  started = performance.now();
  const ids = await startRuns(engine, executor, size, 45);
  say({
    seeded,
    started: performance.now() - started,
    largest: ids[0],
    gates: (await engine.approvals()).map((a) => [a.run, a.members.length]),
  });
  await close();
} else {
  const executor = new HeldExecutor();
  const opened = performance.now();
  const { engine, close } = await openNoopEngine(source, { home, executor, driver: scaleDriver });
  const auth = new Auth({ ownerToken: "bench", user: "bench", tokens: [] });
  const closing = new AbortController();
  const api = createApi(engine, { version: "0.0.0", auth, closing: closing.signal, onError: (error) => say({ error: String(error) }) });
  const server = await listen(api, { host: "127.0.0.1", port: 0, auth, closing });
  say({ url: server.url, opened: performance.now() - opened });
  const timer = setInterval(() => executor.end(ENDS), ENDS_EVERY_MS);
  process.once("SIGTERM", () => {
    clearInterval(timer);
    void server.close().then(close);
  });
}
