import type { EnvironmentId } from "../config/config.ts";
import type { StepId } from "../plan/plan.ts";
import type { RunId } from "./rows.ts";
import type { StepKey } from "./state.ts";

/** Which steps are to be looked at, each once at a time; gates and builds after what they ask about, runs last. */
export class Worklist {
  readonly #steps = new Map<StepKey, StepId | null>();
  readonly #last = new Set<StepKey>();
  readonly #runs = new Set<RunId>();
  readonly #lanes = new Map<string, { readonly run: RunId; readonly environment: EnvironmentId }>();

  add(keys: Iterable<StepKey>): void {
    for (const key of keys) this.#steps.set(key, null);
  }
  /** A step of the plan has succeeded: a dependent that is known to wait for another one need not be looked at. */
  addIfWaitingFor(ended: StepId, keys: Iterable<StepKey>): void {
    for (const key of keys) if (!this.#steps.has(key)) this.#steps.set(key, ended);
  }
  addLast(key: StepKey): void {
    this.#last.add(key);
  }
  /** A run has ended in an environment. */
  addLane(run: RunId, environment: EnvironmentId): void {
    this.#lanes.set(`${run}/${environment}`, { run, environment });
  }
  addRun(run: RunId): void {
    this.#runs.add(run);
  }

  /** `ended`: the look is only owed to that step's success. */
  nextStep(): { readonly key: StepKey; readonly ended: StepId | null } | null {
    for (const [key, ended] of this.#steps) {
      this.#steps.delete(key);
      return { key, ended };
    }
    for (const key of this.#last) {
      this.#last.delete(key);
      return { key, ended: null };
    }
    return null;
  }
  takeLanes(): readonly { readonly run: RunId; readonly environment: EnvironmentId }[] {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    return lanes;
  }
  takeRuns(): readonly RunId[] {
    const runs = [...this.#runs];
    this.#runs.clear();
    return runs;
  }
}
