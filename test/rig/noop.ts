import { type DeployRequest, PLAIN_DEPLOY } from "../../src/engine/control.ts";
import type { AttemptEnd, Executor } from "../../src/engine/ports/executor.ts";
import type { AttemptSpec } from "../../src/core/run/effects.ts";
import type { Driver } from "../../src/engine/ports/driver.ts";
import { type Source, SourceError } from "../../src/engine/ports/source.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

/** Ends every attempt as it is told, in the next turn: what is left is the orchestrator's own cost. */
export class NoopExecutor implements Executor {
  readonly #listeners: ((attempt: string, end: AttemptEnd | "lost") => void)[] = [];
  readonly #seen = new Set<string>();
  readonly onStart: (spec: AttemptSpec) => void;
  constructor(onStart: (spec: AttemptSpec) => void = () => {}) {
    this.onStart = onStart;
  }
  start(spec: AttemptSpec): Promise<void> {
    if (!this.#seen.has(spec.id)) {
      this.#seen.add(spec.id);
      this.onStart(spec);
      const end: AttemptEnd = {
        outcome: "succeeded",
        message: null,
        digest: spec.kind === "build" ? DIGEST : null,
        changed: true,
        url: null,
      };
      setImmediate(() => {
        for (const listener of this.#listeners) listener(spec.id, end);
      });
    }
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  onEnd(listener: (attempt: string, end: AttemptEnd | "lost") => void): void {
    this.#listeners.push(listener);
  }
  readLog(): Promise<{ text: string; next: number; ended: boolean }> {
    return Promise.resolve({ text: "", next: 0, ended: true });
  }
  logGrown(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const noopDriver: Driver = {
  name: "noop",
  schema: { name: "noop", kind: "driver", jsonSchema: { type: "object" }, check: () => [] },
  capabilities: { observe: true, resume: false },
  render: () => Promise.resolve(""),
  apply: () => Promise.resolve({ ok: true, url: null }),
  // it brings nothing anywhere that could be missed
  observe: () => Promise.resolve({ kind: "unobservable" }),
};

/** One commit with one file. */
export function oneCommit(commit: string, file: string): Source {
  return {
    resolve: (ref) =>
      commit.startsWith(ref) || ref === "HEAD"
        ? Promise.resolve(commit)
        : Promise.reject(new SourceError("unknown-commit", `no commit ${ref}`, "")),
    file: () => Promise.resolve(file),
    describe: () => Promise.resolve({ subject: "", author: "", email: "", at: 0 }),
    policyRef: () => Promise.resolve({ ref: "main", commit }),
    reachableFrom: () => Promise.resolve(true),
    relate: (release, live) =>
      Promise.resolve({ release, live, order: release === live ? "same" : "unknown", unmet: release === live ? [] : null }),
    irreversible: () => Promise.resolve([]),
    dirty: () => Promise.resolve(false),
    checkout: () => Promise.resolve(),
    keep: () => Promise.resolve(),
    between: () => Promise.resolve({ count: 0, newest: [] }),
  };
}

/** A project of `services` services in devnet, canary and mainnet (with a gate); every tenth is a frontend that needs all backends. */
export function bigProject(services: number): string {
  const lines = [
    "version: 1",
    "project: big",
    "environments:",
    "  devnet: {}",
    "  canary: { needs: [devnet] }",
    "  mainnet: { needs: [devnet, canary], approval: { self: true } }",
    "artifacts:",
    "  mega: { noop: {} }",
    "services:",
  ];
  for (let i = 0; i < services; i++)
    lines.push(
      `  s${i}: { tier: ${i % 10 === 9 ? "frontend" : "backend"}, paths: [services/s${i}], artifact: mega, deploy: { noop: {} } }`,
    );
  return `${lines.join("\n")}\n`;
}

/** A request to deploy everything everywhere. */
export const DEPLOY_ALL: DeployRequest = PLAIN_DEPLOY;
