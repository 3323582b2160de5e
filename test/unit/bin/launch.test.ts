import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Says what it got, then ends as its first argument says: by a status, by a signal, or when it has been asked to. */
const PROGRAM = `
  const [how, what] = process.argv.slice(2);
  const hello = () => console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2), gc: typeof globalThis.gc, tied: process.env.SLUICE_TIED_TO_LAUNCHER ?? null }));
  if (how !== "wait") hello();
  if (how === "status") process.exit(Number(what));
  if (how === "signal") process.kill(process.pid, what);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => { console.log(signal); process.exit(7); });
  setInterval(() => {}, 1000);
  hello();
`;
/** What sluice.js does on a Node that is too old, with the one that runs this in the place of the one that npm installed. */
const TIED_LAUNCHER = `
  import { handOver } from "./launch.js";
  handOver(process.execPath, [new URL("./child.js", import.meta.url).pathname, ...process.argv.slice(2)], { tied: true });
`;
const TIED_CHILD = `
  import { endWithLauncher } from "./launch.js";
  endWithLauncher();
  await import("./program.js");
`;

let home: string;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), "sluice-bin-"));
  await cp(path.join(import.meta.dirname, "../../../bin"), path.join(home, "bin"), { recursive: true });
  await writeFile(path.join(home, "package.json"), '{"type":"module"}');
  for (const [name, text] of Object.entries({ "program.js": PROGRAM, "tied.js": TIED_LAUNCHER, "child.js": TIED_CHILD })) {
    await writeFile(path.join(home, "bin", name), text);
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

type Hello = { readonly pid: number; readonly args: readonly string[]; readonly gc: string; readonly tied: string | null };
type Started = {
  readonly launcher: ChildProcess;
  readonly hello: Hello;
  readonly end: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly printed: Promise<string>;
};

async function start(...args: readonly string[]): Promise<Started> {
  const launcher = spawn(process.execPath, args, { cwd: path.join(home, "bin"), stdio: ["ignore", "pipe", "inherit"] });
  const end = once(launcher, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const lines = createInterface({ input: launcher.stdout });
  const [line] = (await once(lines, "line")) as [string];
  // Ends when the last process that writes to it has ended: the launcher and its child.
  const rest: string[] = [];
  lines.on("line", (next) => rest.push(next));
  const printed = once(lines, "close").then(() => rest.join("\n"));
  return { launcher, hello: JSON.parse(line) as Hello, end, printed };
}

test("node.js passes flags, arguments and the exit status on", async () => {
  const { hello, end } = await start("node.js", "--expose-gc", "program.js", "status", "42");
  expect(hello).toMatchObject({ args: ["status", "42"], gc: "function", tied: null });
  expect(await end).toEqual([42, null]);
});

test.each(["SIGTERM", "SIGKILL", "SIGINT"])("a child that ends by %s ends its launcher by it", async (signal) => {
  const { end } = await start("node.js", "program.js", "signal", signal);
  expect(await end).toEqual([null, signal]);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s to the launcher reaches the child once, and its status comes back",
  async (signal) => {
    const { launcher, end, printed } = await start("node.js", "program.js", "wait");
    launcher.kill(signal);
    expect(await end).toEqual([7, null]);
    expect(await printed).toBe(signal);
  },
);

test("a tied child does not outlive a launcher that is killed, and its own children see nothing of the tie", async () => {
  const { launcher, hello, end, printed } = await start("tied.js", "wait");
  expect(hello.tied).toBeNull();
  expect(hello.pid).not.toBe(launcher.pid);
  launcher.kill("SIGKILL");
  expect(await end).toEqual([null, "SIGKILL"]);
  expect(await printed).toBe("");
});

test("a tied child that ends by itself tells its status", async () => {
  const { end } = await start("tied.js", "status", "3");
  expect(await end).toEqual([3, null]);
});

test("sluice.js runs the source where there is one, else what was built, else says what is missing", async () => {
  const main = (from: string) => `export async function main(argv) { console.log(${JSON.stringify(from)}, ...argv); return 5; }`;
  const run = async () => {
    const child = spawn(process.execPath, ["sluice.js", "plan", "--all"], { cwd: path.join(home, "bin") });
    const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    return { out, err, status };
  };
  expect(await run()).toEqual({ out: "", err: "sluice is not complete: dist/app/main.js is missing. Install it again.\n", status: 78 });
  for (const [folder, file] of [
    ["dist", "main.js"],
    ["src", "main.ts"],
  ] as const) {
    await mkdir(path.join(home, folder, "app"), { recursive: true });
    await writeFile(path.join(home, folder, "app", file), main(folder));
    expect(await run()).toEqual({ out: `${folder} plan --all\n`, err: "", status: 5 });
  }
});
