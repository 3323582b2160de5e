import { afterEach, expect, test, vi } from "vitest";
import { search } from "./model/search.ts";
import { AWAITS } from "./mutants/awaits.ts";
import { DECISIONS } from "./mutants/decisions.ts";
import { NEEDS } from "./mutants/needs.ts";
import { ROLLBACKS } from "./mutants/rollbacks.ts";
import { TARGETS } from "./mutants/targets.ts";

/*
 * Wrong readings of the rules, each switched on alone: another function stands in the place of one of the core's, or an event is told otherwise
 * than it was. The model must catch each, by a rule that it breaks. The core itself knows nothing of this.
 */

/** At most; most are caught by one of the first hundred. */
const HISTORIES = 4000;

afterEach(() => {
  vi.resetModules();
});

test.each([...NEEDS, ...DECISIONS, ...TARGETS, ...ROLLBACKS, ...AWAITS])(
  "the model catches that $reading",
  { timeout: 120_000 },
  async ({ core, breaks, where }) => {
    const story = search(HISTORIES, 1, await core(), { shorten: false, ...where });
    expect(breaks).toContain(story?.split(":")[0]);
  },
);
