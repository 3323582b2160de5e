import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attemptRegistry } from "../../../src/app/attempt-registry.ts";
import { COMMIT, deploySpec, orchestrator, processesOf, script, temporaryHome, verifySpec, wholeLog } from "./rig.ts";

const check = { http: null, expect: {}, timeoutMs: 30_000, soakMs: 0 };
/** Says what the file says: nothing at first. */
const asFile = (file: string) => script(`process.stdout.write(require("fs").readFileSync(process.argv[1], "utf8"))`, file);
const HEALTHY = JSON.stringify({ commit: COMMIT, health: "healthy" });

test("a verify is carried out by the orchestrator, in no process of its own; a deploy is not", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home, { registry: attemptRegistry });
  const answer = join(home, "answer");
  writeFileSync(answer, "");
  await executor.start(verifySpec("verify", "v", check, null, asFile(answer)));
  await expect.poll(() => executor.readLog("v", 0, 1000)).toMatchObject({ text: expect.stringContaining("nothing is live") });
  expect(processesOf(home).filter((one) => one.includes("attempt.ts"))).toEqual([]);
  writeFileSync(answer, HEALTHY);
  expect(await end("v")).toMatchObject({ outcome: "succeeded" });
  expect(await wholeLog(executor, "v")).toContain("not yet: nothing is live on api@devnet");

  await executor.start(deploySpec("d", script(`require("fs").writeFileSync(process.argv[1], String(process.ppid))`, join(home, "parent"))));
  expect(await end("d")).toMatchObject({ outcome: "succeeded" });
  expect(Number(readFileSync(join(home, "parent"), "utf8"))).not.toBe(process.pid);
});

test("stopped, it ends as cut; one that waits for its place never begins", async () => {
  const home = temporaryHome();
  const { executor, ends } = orchestrator(home, { registry: attemptRegistry, concurrency: 1 });
  const answer = join(home, "answer");
  writeFileSync(answer, "");
  for (const id of ["runs", "waits"]) await executor.start(verifySpec("verify", id, check, null, asFile(answer)));
  await expect.poll(() => existsSync(join(home, "attempts", "runs", "log"))).toBe(true);
  await executor.stop("waits");
  await executor.stop("runs");
  expect(ends.get("runs")).toEqual([expect.objectContaining({ outcome: "cut", message: "stopped while it ran" })]);
  expect(ends.get("waits")).toEqual([expect.objectContaining({ outcome: "cut", message: "stopped before it began" })]);
});

test("let go, it leaves no outcome: the next orchestrator finds it lost, and may make it again", async () => {
  const home = temporaryHome();
  const answer = join(home, "answer");
  writeFileSync(answer, "");
  const first = orchestrator(home, { registry: attemptRegistry });
  const spec = verifySpec("verify", "v", check, null, asFile(answer));
  await first.executor.start(spec);
  await expect.poll(() => existsSync(join(home, "attempts", "v", "log"))).toBe(true);
  await first.executor.close();
  expect(first.ends.size).toBe(0);

  writeFileSync(answer, HEALTHY);
  const next = orchestrator(home, { registry: attemptRegistry });
  await next.executor.start(spec);
  expect(await next.end("v")).toBe("lost");
  await next.executor.start({ ...spec, id: "v2" });
  expect(await next.end("v2")).toMatchObject({ outcome: "succeeded" });
});
