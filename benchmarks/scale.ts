import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { type Measure, quantile, rounded } from "./measure.ts";

const CHILD = fileURLToPath(new URL("scale-child.ts", import.meta.url));
/** Services, runs in history, and how many of those were of everything. */
const SIZE = ["1000", "10000", "20"];
const CALLS = 50;
const GOAL_MS = 200;
/** As the CLI asks for targets. */
const PAGE = 500;

type Page = { readonly next: string | null };

/** 1,000 services in 3 environments, 10,000 runs in history, 50 in flight that go on: what people ask for, over HTTP. */
export async function scale(): Promise<readonly Measure[]> {
  const home = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    const seeded = await execa(process.execPath, [CHILD, "seed", home, ...SIZE]);
    const { largest } = JSON.parse(seeded.stdout) as { readonly largest: string };
    return await measured(home, largest);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function measured(home: string, largest: string): Promise<readonly Measure[]> {
  const child = execa(process.execPath, [CHILD, "serve", home, ...SIZE], { reject: false, buffer: false });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { url, opened } = JSON.parse(line) as { readonly url: string; readonly opened: number };
  const measures: Measure[] = [
    { name: "scale-start", value: rounded(opened), unit: "ms", note: "the store opened, 50 runs loaded, listening" },
  ];
  const memory = () => rssOf(child.pid ?? 0);
  measures.push({ name: "scale-rss-started", value: rounded(memory()), unit: "MB" });
  for (const [name, ask] of Object.entries(asks(url, largest))) measures.push(...(await timed(`scale-${name}`, ask, child.pid ?? 0)));
  measures.push({ name: "scale-rss", value: rounded(memory()), unit: "MB", note: "after all these requests" });
  child.kill("SIGTERM");
  await child;
  return measures;
}

/** Each resolves to how many bytes were answered. */
function asks(url: string, largest: string): Readonly<Record<string, () => Promise<number>>> {
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return text;
  };
  const allTargets = async () => {
    let bytes = 0;
    for (let cursor = ""; ;) {
      const text = await get(`/targets?limit=${PAGE}${cursor}`);
      bytes += text.length;
      const { next } = JSON.parse(text) as Page;
      if (next === null) return bytes;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
  };
  const body = JSON.stringify({ kind: "deploy" });
  const plan = { method: "POST", body, headers: { "content-type": "application/json", authorization: "Bearer bench" } };
  const bytesOf = (path: string, init?: RequestInit) => async () => (await get(path, init)).length;
  return {
    status: async () => {
      const [targets, environments, runs] = await Promise.all([allTargets(), get("/environments"), get("/runs?limit=50")]);
      return targets + environments.length + runs.length;
    },
    approvals: bytesOf("/approvals"),
    plan: bytesOf("/plans", plan),
    waiting: bytesOf("/waiting"),
    run: bytesOf(`/runs/${largest}`),
  };
}

/** The processor time of the server says what a call costs also where other programs run beside; what the runs in flight cost meanwhile is in it. */
async function timed(name: string, ask: () => Promise<number>, server: number): Promise<readonly Measure[]> {
  const took: number[] = [];
  let bytes = 0;
  const before = cpuOf(server);
  for (let i = 0; i < CALLS; i++) {
    const started = performance.now();
    bytes = await ask();
    took.push(performance.now() - started);
  }
  const cpu = (cpuOf(server) - before) / CALLS;
  const note = `of ${CALLS}; ${cpu.toFixed(0)} ms of the server's processor time a call; ${(bytes / 2 ** 20).toFixed(2)} MB answered`;
  return [
    { name: `${name}-p50`, value: rounded(quantile(took, 0.5)), unit: "ms" },
    { name: `${name}-p95`, value: rounded(quantile(took, 0.95)), unit: "ms", goal: GOAL_MS, note },
  ];
}

function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** In ms; clock ticks are 10 ms on Linux. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
