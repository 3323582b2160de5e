import type { Config } from "../../../../src/core/config/config.ts";
import { approval, harbor, HOUR, MINUTE } from "../harbor.ts";
import { World } from "./world.ts";
import { Violation } from "./violation.ts";

const started = new Map<number, World>();

/** c0 is live and good everywhere, by the same core. */
export function beginning(setup: number): World {
  const known = started.get(setup);
  if (known) return known;
  const world = new World({ config: configOf(setup), prompt: true });
  const run = world.deploy("c0", { by: "cy" });
  for (let i = 0; i < 500 && world.state.runs.has(run ?? ""); i++) {
    for (const id of world.running.keys()) world.end(id, "ok");
    for (const by of ["ana", "ben"])
      world.send({
        type: "gate.decided",
        id: `d0${i}${by}`,
        by,
        verdict: "approved",
        commit: "c0",
        environment: "mainnet",
        comment: null,
        expect: null,
        targets: null,
        emergency: false,
      });
  }
  if (world.db.runs.get(run ?? "")?.status !== "succeeded") throw new Violation("8", "the first run does not end");
  world.now += 48 * HOUR;
  started.set(setup, world);
  return world;
}

/** A setup is nine bits: what policy says, whether anything soaks, whether asks are answered at once, and who cannot be observed. */
export const configOf = (setup: number): Config =>
  harbor(
    {
      devnet: { order: (setup & 1) > 0 ? "any" : "forward" },
      canary: { promotion: (setup & 2) > 0 ? "stream" : "wave" },
      mainnet: {
        promotion: (setup & 2) > 0 ? "stream" : "wave",
        approval: approval({ count: (setup & 4) > 0 ? 2 : 1, expiresMs: HOUR, self: (setup & 8) > 0 }),
        rollback: (setup & 16) > 0 ? approval({ approvers: ["zoe"], expiresMs: null }) : null,
      },
    },
    (setup & 32) > 0 ? 2 * MINUTE : 0,
  );
export const SETUPS = 512;
