import { expect, test } from "vitest";
import { approval, harbor, MINUTE } from "./harbor.ts";
import { Invariants } from "./model/invariants.ts";
import { World } from "./model/world.ts";

/*
 * No invariant shows starvation, so it is measured: merges come faster than a release soaks. Minutes of the clock are counted, not waited for.
 * A deploy, a verify and a build take a minute each; whatever waits at the gate of mainnet is approved at once.
 */

const MERGES = 69;
const EVERY = 7;
const SOAK = 10;

type Measured = { readonly good: number; readonly superseded: number; readonly cut: number };

/** How many of so many releases become good in mainnet. `now`: every deploy cuts short the soak that it meets. */
function merging(superseding: "supersede" | "queue", now: boolean): Measured {
  const policy = { superseding };
  const config = harbor({ devnet: policy, canary: policy, mainnet: { ...policy, approval: approval({ expiresMs: null }) } }, SOAK * MINUTE);
  const world = new World({ config, prompt: true, watch: new Invariants().watch });
  const ends = new Map<string, number>();
  for (let minute = 0; minute < EVERY * MERGES + 300; minute++) {
    world.now += MINUTE;
    if (minute % EVERY === 0 && minute / EVERY < MERGES) world.deploy(`l${minute / EVERY + 1}`, { by: "ana", now });
    for (const [id, { spec, stopping }] of world.running) {
      const due = ends.get(id) ?? minute + (spec.kind === "soak" ? SOAK : 1);
      ends.set(id, due);
      if (stopping) world.end(id, "cut");
      else if (due <= minute) world.end(id, "ok");
    }
    approveAll(world, minute);
  }
  const releases = Array.from({ length: MERGES }, (_, i) => `l${i + 1}`);
  const reasons = [...world.db.steps.values()].map((s) => s.reason?.code);
  return {
    good: releases.filter((c) => world.goodEver.has(`web@mainnet ${c}`)).length,
    superseded: reasons.filter((code) => code === "superseded").length,
    cut: reasons.filter((code) => code === "cut-short").length,
  };
}

function approveAll(world: World, minute: number): void {
  for (const row of world.state.steps.values())
    if (row.kind === "gate" && row.status === "waiting")
      world.send({
        type: "gate.decided",
        id: `d${minute}-${row.run}`,
        by: "zoe",
        verdict: "approved",
        commit: world.state.runs.get(row.run)?.commit ?? "",
        environment: "mainnet",
        comment: null,
        expect: null,
        targets: null,
        emergency: false,
      });
}

test(`merges every ${EVERY} minutes, a soak of ${SOAK}: a soak that holds its target lets releases through, one that is cut short lets none`, () => {
  const holds = { supersede: merging("supersede", false), queue: merging("queue", false) };
  const cut = { supersede: merging("supersede", true), queue: merging("queue", true) };
  console.log(`good in mainnet, of ${MERGES} releases:`, JSON.stringify({ holds, cut }));
  for (const { good, cut: ended } of [holds.supersede, holds.queue]) {
    expect(good).toBeGreaterThan(MERGES / 4);
    expect(ended).toBe(0);
  }
  // the last one is followed by nothing that would cut it short
  for (const { good, cut: ended } of [cut.supersede, cut.queue]) {
    expect(good).toBeLessThanOrEqual(1);
    expect(ended).toBeGreaterThan(0);
  }
});
