import { awaits } from "./rules/awaits.ts";
import { ends, snapshots } from "./rules/ends.ts";
import { joins } from "./rules/joins.ts";
import { Memory, type Rule } from "./rules/memory.ts";
import { reasons } from "./rules/reasons.ts";
import { fitting, records } from "./rules/records.ts";
import { restores } from "./rules/restores.ts";
import { starts, stops } from "./rules/starts.ts";
import { superseding } from "./rules/superseding.ts";
import type { Watch } from "./orchestrator.ts";

/**
 * Watches a world and judges each event by what is really there, never by what the core believes. A rule looks at what the event has
 * changed: whatever it judges was judged before and is as it was.
 */
export class Invariants {
  readonly #memory = new Memory();
  // fitting comes before records, which forgets what was touched
  readonly #rules: readonly Rule[] = [
    starts,
    stops,
    joins,
    awaits,
    superseding,
    ends(),
    snapshots,
    restores(),
    fitting(),
    records(),
    reasons,
  ];

  readonly watch: Watch = (world, event, outcome) => {
    this.#memory.hear(world, event, outcome);
    for (const rule of this.#rules) rule(world, event, outcome, this.#memory);
    this.#memory.keep(world, outcome);
  };
}
