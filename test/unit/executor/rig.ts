import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { DeploySpec, VerifySpec } from "../../../src/core/run/effects.ts";
import type { Verify } from "../../../src/core/config/config.ts";
import type { AttemptEnd } from "../../../src/engine/ports/executor.ts";
import { LocalExecutor, type LocalExecutorOptions } from "../../../src/executor/local/index.ts";

export const runner = new URL("../../../src/app/attempt.ts", import.meta.url).pathname;
export const COMMIT = "c".repeat(40);

/** A store's directory that is removed afterwards; fails the test when something that was started from it still runs. */
export function temporaryHome(): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "sluice-executor-")));
  onTestFinished(async () => {
    try {
      await expect.poll(() => processesOf(home), { timeout: 5000 }).toEqual([]);
    } finally {
      for (const found of processesOf(home)) process.kill(Number.parseInt(found), "SIGKILL");
      rmSync(home, { recursive: true, force: true });
    }
  });
  return home;
}

/** Processes whose command line or environment names the directory: `pid command`. */
export function processesOf(home: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command !== "" && (command + readFileSync(`/proc/${pid}/environ`, "utf8")).includes(home) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

export type Orchestrator = {
  readonly executor: LocalExecutor;
  readonly ends: Map<string, (AttemptEnd | "lost")[]>;
  readonly end: (id: string) => Promise<AttemptEnd | "lost">;
};

export function orchestrator(home: string, options: Partial<LocalExecutorOptions> = {}): Orchestrator {
  const executor = new LocalExecutor({ home, runner, source: home, concurrency: 4, graceMs: 500, ...options });
  const ends = new Map<string, (AttemptEnd | "lost")[]>();
  executor.onEnd((id, end) => ends.set(id, [...(ends.get(id) ?? []), end]));
  onTestFinished(() => executor.close());
  return {
    executor,
    ends,
    async end(id) {
      await expect.poll(() => ends.get(id)?.[0], { timeout: 20_000, interval: 10 }).toBeDefined();
      return ends.get(id)?.at(-1) ?? "lost";
    },
  };
}

type Given = {
  readonly timeoutMs?: number;
  readonly variables?: Readonly<Record<string, string>>;
  readonly credentials?: readonly string[];
  readonly observe?: readonly string[];
  readonly needs?: Readonly<Record<string, string>>;
};

/** A deploy whose `apply` is the given program. */
export function deploySpec(id: string, apply: readonly string[], given: Given = {}): DeploySpec {
  const { timeoutMs = 60_000, variables = {}, credentials = [], observe, needs = {} } = given;
  const config = observe === undefined ? { apply } : { apply, observe };
  const definition = {
    service: "api",
    environment: "devnet",
    tier: "backend",
    paths: [],
    driver: "command",
    config,
    verify: null,
    job: false,
    needs: [],
    timeoutMs,
    variables,
    credentials,
  } as const;
  return {
    kind: "deploy",
    id,
    run: "1",
    project: "harbor",
    direction: "deploy",
    target: "api@devnet",
    commit: COMMIT,
    digest: null,
    definition,
    needs,
    timeoutMs,
  };
}

export function verifySpec(
  kind: "verify" | "soak",
  id: string,
  verify: Verify,
  url: string | null,
  observe?: readonly string[],
): VerifySpec {
  const spec = deploySpec(id, ["true"], observe === undefined ? {} : { observe });
  return { ...spec, kind, definition: { ...spec.definition, verify }, url };
}

/** Runs a JavaScript program with Node. */
export const script = (source: string, ...args: readonly string[]): readonly string[] => [process.execPath, "-e", source, ...args];

export async function wholeLog(executor: LocalExecutor, id: string): Promise<string> {
  let text = "";
  for (let offset = 0; ;) {
    const part = await executor.readLog(id, offset, 1 << 20);
    text += part.text;
    offset = part.next;
    if (part.ended) return text;
    await executor.logGrown(id, offset, AbortSignal.timeout(10_000));
  }
}
