import type { EnvironmentId } from "../../../../src/core/config/config.ts";
import type { AdmitRollback } from "../../../../src/core/run/events.ts";
import { HARBOR } from "../harbor.ts";
import { Harness } from "./harness.ts";
import { Invariants } from "./invariants.ts";
import type { Core } from "./orchestrator.ts";
import { beginning, BLIND, configOf, has } from "./setup.ts";
import type { Story } from "./story.ts";
import { Violation } from "./violation.ts";
import type { Told, World } from "./world.ts";

/** A world that is being played. */
export class Play {
  readonly world: World;
  readonly setup: number;
  readonly harness: Harness;
  /** A rollback that was looked at and is yet to be admitted. */
  prepared: Omit<AdmitRollback, "run"> | null = null;
  #ids = 0;

  constructor(setup: number, core: Core, story?: Story) {
    this.setup = setup;
    this.harness = new Harness(core, () => this.world);
    const invariants = new Invariants();
    this.world = beginning(setup).copy({
      config: configOf(setup),
      prompt: has(setup, "prompt"),
      blind: new Set(has(setup, "blind") ? BLIND : []),
      core: { ...core, transition: this.harness.transition },
      watch: (world, event, outcome) => {
        story?.tell(world, event, outcome);
        invariants.watch(world, event, outcome);
      },
      settled: this.harness.settled,
    });
  }

  decide(
    by: string,
    verdict: "approved" | "rejected",
    commit: string,
    environment: EnvironmentId,
    part: { readonly services?: readonly string[]; readonly emergency?: boolean } = {},
  ): void {
    this.world.send({
      type: "gate.decided",
      id: `d${++this.#ids}`,
      by,
      verdict,
      commit,
      environment,
      comment: null,
      expect: null,
      targets: part.services?.map((s) => `${s}@${environment}` as const) ?? null,
      emergency: part.emergency ?? false,
    });
  }

  /** Invariant 10: what comes twice or late changes nothing. */
  unheard(told: Told): void {
    const outcome = this.world.send(told);
    if (outcome.changes.length > 0 || outcome.effects.length > 0)
      throw new Violation("10", `${told.type} was told again and changed ${JSON.stringify(outcome.changes[0] ?? outcome.effects[0])}`);
  }
}

export const { environments: ENVIRONMENTS, services: SERVICES } = HARBOR;
export const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % from.length];
