import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { stopAll } from "../../src/drivers/process/index.ts";
import { killedAt, reachedIn } from "../rig/fault-points.ts";
import { KillProject } from "../rig/kill-project.ts";
import { seeded } from "../rig/random.ts";

/**
 * Invariants 4 and 5: killed before or after any commit, and before, within or behind any effect, a story ends as it would have without the kill, and starts nothing twice.
 * Where it can be killed is what the first telling records. `SLUICE_POINTS`: how many of these, taken by `SLUICE_SEED`; `all` for each.
 */
const STORY = fileURLToPath(new URL("../rig/fault-story.ts", import.meta.url));
const SEED = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000);
const WANTED = process.env["SLUICE_POINTS"] ?? "48";
/** Kills in one telling: most of its time is that of its attempts. */
const KILLS_A_STORY = 12;

type Telling = { readonly told: string; readonly starts: unknown; readonly points: readonly string[]; readonly killed: readonly string[] };

async function tell(kills: readonly string[]): Promise<Telling> {
  const directory = mkdtempSync(join(tmpdir(), "sluice-points-"));
  const file = join(directory, "points");
  try {
    const project = new KillProject(directory, { backends: [], gate: true });
    const commits = [project.commit("one"), project.commit("two")] as const;
    for (;;) {
      const { stdout, stderr, signal, exitCode } = await execa(process.execPath, [STORY, project.directory, file, ...commits, ...kills], {
        reject: false,
        timeout: 120_000,
      });
      if (exitCode === 0)
        return { told: stdout, starts: commits.map((commit) => project.starts(commit)), points: reachedIn(file), killed: killedAt(file) };
      if (signal !== "SIGKILL")
        throw new Error(`the story ended with ${signal ?? exitCode} after kills ${killedAt(file).join("; ")}:\n${stderr}\n${logOf(file)}`);
    }
  } finally {
    await stopAll(join(directory, "repository", ".sluice"));
    rmSync(directory, { recursive: true, force: true });
  }
}

function logOf(file: string): string {
  try {
    return readFileSync(`${file}.log`, "utf8");
  } catch {
    return "";
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe("a story of two deploys through a gate and a rollback", () => {
  let whole: Telling;
  beforeAll(async () => {
    whole = await tell([]);
  });

  test(
    `ends as it would have, and starts nothing twice, when killed at any point (${WANTED} of them, seed ${SEED})`,
    { timeout: 1_800_000 },
    async () => {
      // Each commit and each effect has its points; fewer would say that the seams are not where they were.
      expect(whole.points.length).toBeGreaterThan(120);
      expect(whole.starts).toEqual([
        { "api@dev": 1, "web@dev": 1, "api@prod": 2, "web@prod": 2 },
        { "api@dev": 1, "web@dev": 1, "api@prod": 1, "web@prod": 1 },
      ]);
      const points = shuffled(whole.points, seeded(SEED)).slice(0, WANTED === "all" ? undefined : Number(WANTED));
      const stories = Array.from({ length: Math.ceil(points.length / KILLS_A_STORY) }, (_, n) =>
        points.slice(n * KILLS_A_STORY, (n + 1) * KILLS_A_STORY),
      );
      let killed = 0;
      const tellAll = async (): Promise<void> => {
        for (let kills = stories.shift(); kills !== undefined; kills = stories.shift()) {
          const telling = await tell(kills);
          const context = { seed: SEED, killed: telling.killed };
          expect({ ...context, told: JSON.parse(telling.told), starts: telling.starts }).toEqual({
            ...context,
            told: JSON.parse(whole.told),
            starts: whole.starts,
          });
          expect(telling.killed.toSorted()).toEqual(kills.toSorted());
          killed += telling.killed.length;
        }
      };
      // Two at once: much of a telling is waiting.
      await Promise.all([tellAll(), tellAll()]);
      console.log(`points: ${whole.points.length}, killed at ${killed} of them, seed ${SEED}`);
    },
  );
});
