import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seeded } from "../../rig/random.ts";
import { moment } from "../../rig/wait.ts";
import { deploySpec, orchestrator, runner, script, temporaryHome } from "./rig.ts";

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const TIMES = 6;
const program = new URL("./orchestrator.ts", import.meta.url).pathname;

/** From the making of an attempt's directory to the claim of its process takes about this, in ms. */
const START_MS = 150;

test(
  `an orchestrator that is stopped in the midst of starting an attempt, and goes on when another has started it: it begins once (SLUICE_SEED=${seed})`,
  { timeout: 90_000 },
  async () => {
    const next = seeded(seed);
    let taken = 0;
    for (let time = 0; time < TIMES; time++) {
      const home = temporaryHome();
      const begin = script(`require("fs").appendFileSync(process.argv[1] + "/begun", "x")`, home);
      const spec = deploySpec("one", begin);
      writeFileSync(join(home, "specs.json"), JSON.stringify([spec]));
      writeFileSync(join(home, "told"), "");
      const stopped = spawn(process.execPath, [program, home, runner], { stdio: ["ignore", "inherit", "inherit"] });
      const exited = once(stopped, "exit");
      await expect.poll(() => existsSync(join(home, "attempts", "one")), { timeout: 10_000, interval: 1 }).toBe(true);
      if (time > 0) await moment(next() * START_MS);
      stopped.kill("SIGSTOP");
      if (!existsSync(join(home, "attempts", "one", "pid.json"))) taken++;

      const { executor, end } = orchestrator(home);
      await executor.start(spec);
      expect(await end("one")).toMatchObject({ outcome: "succeeded" });
      stopped.kill("SIGCONT");
      await exited;
      // Both saw the same end of the same attempt.
      expect(readFileSync(join(home, "told"), "utf8")).toBe("one succeeded\n");
      expect(readFileSync(join(home, "begun"), "utf8")).toBe("x");
    }
    expect(taken, "every attempt had been claimed before: nothing was tested").toBeGreaterThan(0);
  },
);
