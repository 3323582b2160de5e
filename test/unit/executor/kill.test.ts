import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deploySpec, processesOf, runner, script, temporaryHome } from "./rig.ts";
import { seeded } from "../../rig/random.ts";

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = 24;
const ATTEMPTS = 12;
const program = new URL("./orchestrator.ts", import.meta.url).pathname;

/** Resolves when the process has used the given time or has ended, whichever comes first. */
const endOrPast = (child: ChildProcess, ms: number) => Promise.race([once(child, "exit"), once(AbortSignal.timeout(ms), "abort")]);
const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : []);

function killOneRunner(home: string, next: () => number): void {
  const claims = readdirSync(join(home, "attempts"), { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() &&
        existsSync(join(home, "attempts", entry.name, "pid.json")) &&
        !existsSync(join(home, "attempts", entry.name, "outcome.json")),
    )
    .map(({ name }) => (JSON.parse(readFileSync(join(home, "attempts", name, "pid.json"), "utf8")) as { pid: number }).pid);
  const pid = claims[Math.floor(next() * claims.length)];
  if (pid !== undefined && processesOf(home).some((line) => line.startsWith(`${pid} `))) process.kill(pid, "SIGKILL");
}

test(
  `orchestrator, attempts and both killed at random moments: each attempt begins at most once and has one end (SLUICE_SEED=${seed})`,
  { timeout: 90_000 },
  async () => {
    const next = seeded(seed);
    const home = temporaryHome();
    const work = (id: string) =>
      script(
        `require("fs").appendFileSync(process.argv[1] + "/begun", process.argv[2] + "\\n"); setTimeout(() => require("fs").appendFileSync(process.argv[1] + "/done", process.argv[2] + "\\n"), Number(process.argv[3]))`,
        home,
        id,
        String(Math.floor(next() * 300)),
      );
    writeFileSync(join(home, "specs.json"), JSON.stringify(Array.from({ length: ATTEMPTS }, (_, i) => deploySpec(`a${i}`, work(`a${i}`)))));
    writeFileSync(join(home, "told"), "");
    for (let kill = 0; kill <= KILLS; kill++) {
      const child = spawn(process.execPath, [program, home, runner], { stdio: ["ignore", "inherit", "inherit"] });
      const exited = once(child, "exit");
      if (kill < KILLS) {
        await endOrPast(child, Math.round(100 + next() * 400));
        const whom = next();
        if (whom < 0.6 && existsSync(join(home, "attempts"))) killOneRunner(home, next);
        if (whom < 0.3) await endOrPast(child, Math.round(next() * 600)); // time to notice by itself
        child.kill("SIGKILL");
      }
      await exited;
    }
    const [begun, done, told] = ["begun", "done", "told"].map((name) => linesOf(join(home, name)));
    expect(new Set(begun).size, "an attempt began twice").toBe(begun?.length);
    const ends = new Map(told?.map((line) => line.split(" ") as [string, string]));
    expect([...ends.keys()].toSorted()).toEqual(Array.from({ length: ATTEMPTS }, (_, i) => `a${i}`).toSorted());
    for (const [id, outcome] of ends) {
      expect(["succeeded", "lost"]).toContain(outcome);
      if (outcome === "succeeded") expect(done).toContain(id);
    }
  },
);
