import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { DeploySpec } from "../src/core/run/effects.ts";
import { LocalExecutor } from "../src/executor/local/index.ts";
import { type Measure, median, rounded } from "./measure.ts";

const TIMES = 25;

/** An attempt of the `command` driver that runs `true`, as a process of its own, beside a bare start of the same Node. */
export async function processCost(): Promise<readonly Measure[]> {
  const home = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const runner = fileURLToPath(new URL("../src/app/attempt.ts", import.meta.url));
  const executor = new LocalExecutor({ home, runner, source: home, concurrency: 2, graceMs: 1000 });
  const waiting = new Map<string, () => void>();
  executor.onEnd((id, end) => {
    if (end === "lost" || end.outcome !== "succeeded") throw new Error(`attempt ${id} ended ${JSON.stringify(end)}`);
    waiting.get(id)?.();
  });
  const own: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    let started = performance.now();
    const ended = new Promise<void>((resolve) => waiting.set(`bench-${i}`, resolve));
    await executor.start(spec(`bench-${i}`));
    await ended;
    own.push(performance.now() - started);
    started = performance.now();
    await execa(process.execPath, ["-e", ""]);
    bare.push(performance.now() - started);
  }
  await executor.close();
  rmSync(home, { recursive: true, force: true });
  return [
    {
      name: "attempt-as-process",
      value: rounded(median(own)),
      unit: "ms",
      note: `the whole attempt, from start to its end told; median of ${TIMES}`,
    },
    { name: "bare-node-process", value: rounded(median(bare)), unit: "ms", note: "node -e '', for comparison" },
  ];
}

function spec(id: string): DeploySpec {
  const definition = {
    service: "api",
    environment: "dev",
    tier: "backend" as const,
    paths: [],
    driver: "command",
    config: { apply: ["true"] },
    verify: null,
    job: false,
    needs: [],
    timeoutMs: 60_000,
    variables: {},
    credentials: [],
  };
  return {
    kind: "deploy",
    id,
    run: "1",
    project: "bench",
    direction: "deploy",
    target: "api@dev",
    commit: "c".repeat(40),
    digest: null,
    definition,
    needs: {},
    timeoutMs: 60_000,
  };
}
