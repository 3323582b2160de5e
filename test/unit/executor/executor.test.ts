import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ExecutorError } from "../../../src/executor/local/index.ts";
import { deploySpec, orchestrator, processesOf, runner, script, temporaryHome, wholeLog } from "./rig.ts";

/** Says that it runs, then waits for the file `go` beside it. */
const waitsForGo = (home: string, name: string) =>
  script(
    `const fs = require("fs"); fs.appendFileSync(process.argv[1] + "/begun", process.argv[2] + "\\n"); setInterval(() => fs.existsSync(process.argv[1] + "/go") && process.exit(0), 10)`,
    home,
    name,
  );
const begun = (home: string) => (existsSync(join(home, "begun")) ? readFileSync(join(home, "begun"), "utf8").trim().split("\n") : []);

test("runs a command, tells its end once and keeps its log", async () => {
  const home = temporaryHome();
  const { executor, end, ends } = orchestrator(home);
  await executor.start(deploySpec("a1", ["sh", "-c", "echo out; echo err >&2"]));
  expect(await end("a1")).toEqual({ outcome: "succeeded", message: null, digest: null, changed: true, url: null });
  const log = await wholeLog(executor, "a1");
  expect(log).toContain("out\n");
  expect(log).toContain("err\n");
  expect(ends.get("a1")).toHaveLength(1);
});

test("a command that says no has failed, with its exit and last lines; one that is not there could not run", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  await executor.start(deploySpec("no", ["sh", "-c", "echo first; echo the reason >&2; exit 3"]));
  await executor.start(deploySpec("none", ["no-such-program-anywhere"]));
  expect(await end("no")).toMatchObject({
    outcome: "failed",
    changed: true,
    message: expect.stringMatching(/exit code 3:\n[^]*the reason/),
  });
  expect(await end("none")).toMatchObject({
    outcome: "errored",
    message: expect.stringContaining("there is no program no-such-program-anywhere on the PATH"),
  });
});

test("a command gets what its environment names, the documented variables, and nothing else of the server's environment", async () => {
  const home = temporaryHome();
  process.env["RIG_SECRET"] = "s3cret-value";
  process.env["RIG_OTHER"] = "not-for-attempts";
  const { executor, end } = orchestrator(home);
  const given = {
    variables: { COLOUR: "blue" },
    credentials: ["RIG_SECRET", "RIG_MISSING"],
    needs: { "price-feed": "http://127.0.0.1:1" },
  };
  await executor.start(
    deploySpec("env", script(`require("fs").writeFileSync(process.argv[1], JSON.stringify(process.env))`, join(home, "seen.json")), given),
  );
  expect(await end("env")).toMatchObject({ outcome: "succeeded" });
  const { PATH, HOME, ...seen } = JSON.parse(readFileSync(join(home, "seen.json"), "utf8")) as Record<string, string>;
  expect(PATH).toBe(process.env["PATH"]);
  expect(HOME).toBe(process.env["HOME"]);
  expect(seen).toMatchObject({
    COLOUR: "blue",
    RIG_SECRET: "s3cret-value",
    SLUICE_PROJECT: "harbor",
    SLUICE_SERVICE: "api",
    SLUICE_ENVIRONMENT: "devnet",
    SLUICE_COMMIT: "c".repeat(40),
    SLUICE_ATTEMPT_ID: "env",
    SLUICE_RUN: "1",
    SLUICE_DIRECTION: "deploy",
    SLUICE_NEED_PRICE_FEED_URL: "http://127.0.0.1:1",
  });
  const known = /^(SLUICE_|COLOUR$|RIG_SECRET$|LANG$|LC_ALL$|TMPDIR$|TZ$|USER$)/;
  expect(Object.keys(seen).filter((name) => !known.test(name))).toEqual([]);
  expect(await wholeLog(executor, "env")).toContain("the credential RIG_MISSING is not set");
});

test("the same id never runs twice, started twice here and by the next orchestrator", async () => {
  const home = temporaryHome();
  const first = orchestrator(home);
  const spec = deploySpec("twice", waitsForGo(home, "twice"));
  await Promise.all([first.executor.start(spec), first.executor.start(spec)]);
  await expect.poll(() => begun(home), { timeout: 5000 }).toEqual(["twice"]);
  await first.executor.close();
  const second = orchestrator(home);
  await second.executor.start(spec);
  writeFileSync(join(home, "go"), "");
  expect(await second.end("twice")).toMatchObject({ outcome: "succeeded" });
  const third = orchestrator(home);
  await third.executor.start(spec);
  expect(await third.end("twice")).toMatchObject({ outcome: "succeeded" });
  expect(begun(home)).toEqual(["twice"]);
  expect(first.ends.size).toBe(0);
});

test("a directory that no process has claimed is started by the next orchestrator", async () => {
  const home = temporaryHome();
  const first = orchestrator(home, { concurrency: 1 });
  await first.executor.start(deploySpec("runs", waitsForGo(home, "runs")));
  await first.executor.start(deploySpec("queued", ["true"]));
  await first.executor.close();
  expect(existsSync(join(home, "attempts/queued/pid.json"))).toBe(false);
  const second = orchestrator(home);
  await second.executor.start(deploySpec("queued", ["true"]));
  expect(await second.end("queued")).toMatchObject({ outcome: "succeeded" });
  await second.executor.stop("runs");
  expect(await second.end("runs")).toMatchObject({ outcome: "cut" });
});

test("a process that is gone without an outcome is lost, and what it started is ended first", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  // Leaves its process group, and ignores TERM.
  const escapes = `const fs = require("fs"); process.on("SIGTERM", () => {}); fs.appendFileSync(process.argv[1] + "/begun", process.pid + "\\n"); setInterval(() => {}, 1000)`;
  await executor.start(deploySpec("gone", ["sh", "-c", `setsid "$0" -e '${escapes}' '${home}' & wait; sleep 100`, process.execPath]));
  await expect.poll(() => begun(home).length, { timeout: 5000 }).toBe(1);
  process.kill((JSON.parse(readFileSync(join(home, "attempts/gone/pid.json"), "utf8")) as { pid: number }).pid, "SIGKILL");
  expect(await end("gone")).toBe("lost");
  expect(processesOf(home)).toEqual([]);
  expect(await wholeLog(executor, "gone")).toContain("left no outcome");
});

test("a recorded process id that now belongs to somebody else is not waited for, nor signalled", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  mkdirSync(join(home, "attempts/reused"), { recursive: true });
  const spec = deploySpec("reused", ["true"]);
  writeFileSync(join(home, "attempts/reused/input.json"), JSON.stringify({ spec, home, source: home, graceMs: 500, logLimit: 1000 }));
  const other = { pid: process.pid, start: "another time" };
  writeFileSync(join(home, "attempts/reused/pid.json"), JSON.stringify(other));
  writeFileSync(join(home, "attempts/reused/children"), `${JSON.stringify(other)}\n{"pid":`);
  await executor.start(spec);
  expect(await end("reused")).toBe("lost");
});

test("stop ends what runs and what waits; TERM is enough for who listens, KILL comes for who does not", async () => {
  const home = temporaryHome();
  const { executor, end, ends } = orchestrator(home, { concurrency: 2 });
  await executor.start(deploySpec("listens", waitsForGo(home, "listens")));
  await executor.start(
    deploySpec(
      "deaf",
      script(
        `process.on("SIGTERM", () => {}); require("fs").appendFileSync(process.argv[1] + "/begun", "deaf\\n"); setInterval(() => {}, 1000)`,
        home,
      ),
    ),
  );
  await executor.start(deploySpec("waits", waitsForGo(home, "waits")));
  await expect.poll(() => begun(home).length, { timeout: 5000 }).toBe(2);
  await Promise.all(["listens", "deaf", "waits"].map((id) => executor.stop(id)));
  for (const id of ["listens", "deaf", "waits"]) {
    expect(await end(id)).toMatchObject({ outcome: "cut" });
    expect(ends.get(id)).toHaveLength(1);
  }
  expect(begun(home).toSorted()).toEqual(["deaf", "listens"]);
  await executor.start(deploySpec("waits", waitsForGo(home, "waits")));
  await expect.poll(() => ends.get("waits")?.length).toBe(2);
  expect(ends.get("waits")?.at(-1)).toMatchObject({ outcome: "cut" });
});

test("at most so many run at once, the others in the order in which they came; a soak waits for none of them", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home, { concurrency: 1 });
  for (const id of ["one", "two", "three"]) await executor.start(deploySpec(id, waitsForGo(home, id)));
  const soak = deploySpec("soak", ["true"]);
  const verify = { http: null, expect: {}, timeoutMs: 1000, soakMs: 1 };
  await executor.start({ ...soak, kind: "soak", url: null, definition: { ...soak.definition, verify } });
  expect(await end("soak")).toMatchObject({ outcome: "succeeded" });
  await expect.poll(() => begun(home), { timeout: 5000 }).toEqual(["one"]);
  writeFileSync(join(home, "go"), "");
  for (const id of ["one", "two", "three"]) expect(await end(id)).toMatchObject({ outcome: "succeeded" });
  expect(begun(home)).toEqual(["one", "two", "three"]);
});

test("a command that never ends is ended at its timeout, with a message that says which key raises it", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  await executor.start(deploySpec("endless", ["sh", "-c", "sleep 1000 & sleep 1000"], { timeoutMs: 300 }));
  expect(await end("endless")).toMatchObject({
    outcome: "failed",
    message: expect.stringMatching(/took longer than 0\.3 s.*services\.api\.deploy\.timeout/),
  });
});

test("a process that cannot start ends errored and says why", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home, { runner: join(home, "not-there.js") });
  await executor.start(deploySpec("broken", ["true"]));
  expect(await end("broken")).toMatchObject({ outcome: "errored", changed: false, message: expect.stringContaining("not-there.js") });
});

test("a process that is killed before it has claimed its attempt is started again", async () => {
  const home = temporaryHome();
  const once = join(home, "once.ts");
  writeFileSync(
    once,
    `import { appendFileSync, existsSync } from "node:fs"; const mark = ${JSON.stringify(join(home, "mark"))};
if (!existsSync(mark)) { appendFileSync(mark, ""); process.kill(process.pid, "SIGKILL"); }
await import(${JSON.stringify(runner)});`,
  );
  const { executor, end } = orchestrator(home, { runner: once });
  await executor.start(deploySpec("again", ["sh", "-c", `echo begun >> '${home}/begun'`]));
  expect(await end("again")).toMatchObject({ outcome: "succeeded" });
  expect(begun(home)).toEqual(["begun"]);
});

test("ids that lead elsewhere, and a directory that cannot be written, are refused with what to do", async () => {
  const home = temporaryHome();
  const { executor, ends } = orchestrator(home);
  await expect(executor.start(deploySpec("../outside", ["true"]))).rejects.toThrow(ExecutorError);
  writeFileSync(join(home, "attempts"), "a file where the directory should be");
  await expect(executor.start(deploySpec("a", ["true"]))).rejects.toThrow(/cannot be recorded/);
  expect(ends.size).toBe(0);
});

test("prune keeps the newest and what has not ended", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  for (const id of ["old", "new"]) {
    await executor.start(deploySpec(id, ["true"]));
    await end(id);
  }
  await executor.start(deploySpec("running", waitsForGo(home, "running")));
  expect(await executor.prune(1)).toBe(1);
  expect(readdirSync(join(home, "attempts")).toSorted()).toEqual(["new", "running"]);
  writeFileSync(join(home, "go"), "");
  await end("running");
});
