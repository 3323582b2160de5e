/** A process of its own for the tests of the store: opens one and says on stdout, line by line, what came of it. */
import { writeSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Store, StoreError } from "../../../src/engine/ports/store.ts";
import { readOwner } from "../../../src/store/owner.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { admitted, entry, run, stop } from "./samples.ts";

const [mode = "", directory = "", fence = "10000", epoch = ""] = process.argv.slice(2);
const version = "1.2.3";
// At once and unbuffered: what has been said was acknowledged, whenever this process is killed.
const say = (line: string): number => writeSync(1, `${line}\n`);
const text = (error: unknown): string => (error instanceof StoreError ? `${error.code} ${error.message}` : `other ${String(error)}`);

async function attempt(act: () => Promise<string>): Promise<void> {
  say(await act().catch((error: unknown) => text(error)));
}

/** A run with a plan of about `size` bytes. */
const commitRun = async (store: Store, id: string, size = 0): Promise<string> => {
  const [row, plan] = admitted(run(id, { reason: "x".repeat(size) }));
  if (!row || !plan) throw new Error("a run has a row and a plan");
  await store.commit([entry([row], [stop(`effect-${id}`)]), entry([plan])], []);
  return `committed ${id}`;
};

async function endlessly(store: Store): Promise<void> {
  for (let n = (await store.lastSeq()) / 2; ; n++) say(await commitRun(store, `run-${n}`));
}

/** Until something is in the way; then makes room and goes on, where the store lets it. */
async function untilFull(first: Store): Promise<void> {
  const ballast = join(directory, "..", "ballast");
  await writeFile(ballast, Buffer.alloc(2_000_000)).catch(() => rm(ballast, { force: true }));
  let n = 0;
  let failed = "";
  while (failed === "") failed = await commitRun(first, `run-${n++}`, 20_000).then(() => "", text);
  say(failed);
  say(
    `failed run is ${(await first.run(`run-${n - 1}`)) === null ? "not there" : "there"}, the others are ${(await first.lastSeq()) === 2 * (n - 1) ? "" : "not "}there`,
  );
  await rm(ballast, { force: true });
  await attempt(() => commitRun(first, "after"));
  await first.close().catch((error: unknown) => say(`close: ${text(error)}`));
  await attempt(async () => {
    const store = await openSqliteStore(directory, { version });
    const seen = await Promise.all(Array.from({ length: n - 1 }, (_, each) => store.run(`run-${each}`)));
    return `opened anew: ${seen.every((row) => row !== null) ? "all" : "not all"} there; ${await commitRun(store, "last")}`;
  });
}

async function main(): Promise<void> {
  if (mode === "owner") return void say(JSON.stringify(await readOwner(directory)));
  if (mode === "read") {
    const store = await openSqliteStore(directory, { version, readOnly: true });
    say(
      `runs ${(await store.runs({}, { limit: 100, cursor: null })).items.map((row) => row.id).join(",")} of ${(await store.load()).lastSeq}`,
    );
    return store.close();
  }
  const store = await openSqliteStore(directory, {
    version,
    fenceMs: Number(fence),
    deposed: (error) => say(`told ${text(error)}`),
    ...(mode === "take" ? { takeOver: { epoch: Number(epoch) } } : {}),
  });
  say("open");
  if (mode === "endless") return endlessly(store);
  if (mode === "fill") return untilFull(store);
  for await (const id of createInterface({ input: process.stdin })) {
    if (id === "close") {
      await store.close();
      process.stdin.destroy();
      return void say("closed");
    }
    await attempt(() => commitRun(store, id));
  }
}

await main().catch((error: unknown) => say(text(error)));
