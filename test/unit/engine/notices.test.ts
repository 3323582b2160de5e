import { expect, test } from "vitest";
import type { Plan } from "../../../src/core/plan/plan.ts";
import { UNKNOWN_COMMIT } from "../../../src/core/plan/relations.ts";
import type { State } from "../../../src/core/run/state.ts";
import { knownDiverged } from "../../../src/engine/notices.ts";

test("what was not deployed by Sluice is known to be in the way, but where any order will do", async () => {
  const member = (environment: string) => ({ target: `api@${environment}`, service: "api", environment });
  const plan = {
    release: { commit: "c".repeat(40) },
    members: { "api@devnet": member("devnet"), "api@mainnet": member("mainnet") },
    environments: { devnet: { order: "any" }, mainnet: { order: "forward" } },
  } as unknown as Plan;
  const live = { live: { commit: UNKNOWN_COMMIT } };
  const state = {
    targets: new Map([
      ["api@devnet", live],
      ["api@mainnet", live],
    ]),
  } as unknown as State;
  expect(await knownDiverged({ relation: () => Promise.resolve(null) }, state, plan)).toEqual([
    `mainnet: what is live on api was not deployed by Sluice: blocked there, unless --accept-diverged --reason "..." goes over it`,
  ]);
});
