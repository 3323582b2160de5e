import { randomBytes } from "node:crypto";
import { claimFor } from "./attempt-directory.ts";
import type { AttemptRegistry } from "./runner/main.ts";

/**
 * Attempts that only look at what is live, carried out by the orchestrator itself: a process for each would cost more than the look.
 * They end with the orchestrator; the next one finds them lost, and makes them again.
 */
export class Here {
  /** By which the next orchestrator tells that another one had them. */
  readonly id = randomBytes(8).toString("hex");
  readonly #registry: AttemptRegistry;
  readonly #running = new Map<string, AbortController>();

  constructor(registry: AttemptRegistry) {
    this.#registry = registry;
  }

  /** Begins the attempt, unless somebody has it. */
  async begin(attempt: string, directory: string): Promise<void> {
    const { runClaimed } = await import("./runner/main.ts");
    if (!claimFor(directory, this.id)) return;
    const ending = new AbortController();
    this.#running.set(attempt, ending);
    void runClaimed(directory, this.#registry, ending)
      .catch(() => {}) // without an outcome it is lost
      .finally(() => this.#running.delete(attempt));
  }

  runs(attempt: string): boolean {
    return this.#running.has(attempt);
  }

  async stop(attempt: string): Promise<void> {
    const { STOPPED } = await import("./runner/main.ts");
    this.#running.get(attempt)?.abort(STOPPED);
  }

  /** Ends all of them without an outcome. */
  async letGo(): Promise<void> {
    if (this.#running.size === 0) return;
    const { LET_GO } = await import("./runner/main.ts");
    for (const ending of this.#running.values()) ending.abort(LET_GO);
  }
}
