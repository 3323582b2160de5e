import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { deploySpec, orchestrator, processesOf, script } from "./rig.ts";

/** A disk of so many kB, or null where this user may not mount one. */
function smallDisk(kilobytes: number): string | null {
  const disk = realpathSync(mkdtempSync(join(tmpdir(), "sluice-disk-")));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk]).status === 0;
  onTestFinished(async () => {
    await expect.poll(() => processesOf(disk), { timeout: 5000 }).toEqual([]);
    if (mounted) spawnSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  return mounted ? disk : null;
}

/** Takes all the space that is left in the file. */
function fill(path: string): void {
  expect(() => writeFileSync(path, Buffer.alloc(8 * 1024 * 1024))).toThrow("ENOSPC");
}

test(
  "a full disk: a new attempt is refused with what to do, one that runs keeps its outcome until there is room",
  { timeout: 30_000 },
  async (context) => {
    const home = smallDisk(1024);
    if (home === null) return context.skip("this user may not mount a small disk");
    const { executor, end, ends } = orchestrator(home);
    await executor.start(
      deploySpec("runs", script(`setInterval(() => require("fs").existsSync(process.argv[1] + "/rest") && process.exit(0), 10)`, home)),
    );
    // written and not only made: the disk is to be full between two writes of the attempt, not within one
    await expect
      .poll(() => statSync(join(home, "attempts/runs/children"), { throwIfNoEntry: false })?.size ?? 0, { timeout: 5000 })
      .toBeGreaterThan(0);
    fill(join(home, "rest"));
    await expect(executor.start(deploySpec("refused", ["true"]))).rejects.toThrow(/is full: free some space; nothing was started/);
    await expect.poll(() => processesOf(home).filter((line) => line.includes("setInterval")), { timeout: 5000 }).toEqual([]);
    expect(ends.size).toBe(0);
    rmSync(join(home, "rest"));
    expect(await end("runs")).toMatchObject({ outcome: "succeeded", message: null });
    await executor.start(deploySpec("refused", ["true"]));
    expect(await end("refused")).toMatchObject({ outcome: "succeeded" });
  },
);
