import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { seedHarbor } from "../src/app/demo/harbor.ts";
import { type Measure, median, rounded } from "./measure.ts";

const STARTS = 5;
const IDLE_MS = 20_000;
const LAUNCHER = fileURLToPath(new URL("../bin/sluice.js", import.meta.url));

/** `sluice serve` on the sample: from the start of the process to its first answer, then doing nothing. */
export async function server(): Promise<readonly Measure[]> {
  const directory = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  await seedHarbor(join(directory, "harbor"));
  const ready: number[] = [];
  let rss = 0;
  let cpu = 0;
  for (let i = 0; i < STARTS; i++) {
    const started = performance.now();
    const child = execa(process.execPath, [LAUNCHER, "serve", "--port", "0"], { cwd: join(directory, "harbor"), reject: false });
    const url = await urlOf(child);
    const answer = await fetch(`${url}/api/v1/health`);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    ready.push(performance.now() - started);
    if (i === STARTS - 1) ({ rss, cpu } = await idle(child.pid ?? 0));
    child.kill("SIGTERM");
    await child;
  }
  rmSync(directory, { recursive: true, force: true });
  return [
    {
      name: "start-to-ready",
      value: rounded(median(ready)),
      unit: "ms",
      goal: 1000,
      note: `process start to first answer, median of ${STARTS}`,
    },
    { name: "idle-rss", value: rounded(rss), unit: "MB", goal: 120 },
    { name: "idle-cpu", value: rounded(cpu), unit: "%", goal: 1, note: `of one core over ${IDLE_MS / 1000} s` },
  ];
}

/** The address that a server prints when it listens. */
export async function urlOf({ stdout, stderr }: { readonly stdout: Readable; readonly stderr: Readable }): Promise<string> {
  let text = "";
  for (;;) {
    const [chunk] = (await Promise.race([once(stdout, "data"), once(stderr, "data")])) as [Buffer];
    text += chunk.toString();
    const found = /^SLUICE_URL=(\S+)$/m.exec(text)?.[1];
    if (found) return found;
  }
}

async function idle(pid: number): Promise<{ readonly rss: number; readonly cpu: number }> {
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  await wait(IDLE_MS / 2); // what starting has left to do
  const before = ticks();
  await wait(IDLE_MS);
  const used = (ticks() - before) / 100; // clock ticks are 10 ms on Linux
  const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return { rss: kb / 1024, cpu: (used / (IDLE_MS / 1000)) * 100 };
}
