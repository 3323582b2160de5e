import type { TargetId } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import type { WayBack } from "../core/plan/preflight.ts";
import type { Live } from "../core/run/rows.ts";
import { eachOf } from "./each.ts";
import { messageOf } from "./errors.ts";
import { look, LOOKS_AT_ONCE, type LookParts, masked, secretsOf } from "./looks.ts";

/** A target, and what it is to go back to. */
export type Move = { readonly target: TargetId; readonly to: Live; readonly definition: Definition };

/** Someone waits for the verdict while something is broken: for one target, and for all. */
const WAY_MS = 30_000;
const ALL_WAYS_MS = 90_000;

/** By which means each target would go back, as its driver says. What a driver cannot say in time is not known, and says why. */
export async function waysBack(parts: LookParts, moves: readonly Move[]): Promise<ReadonlyMap<TargetId, WayBack>> {
  const allowed = { ms: WAY_MS, until: parts.clock.now() + ALL_WAYS_MS };
  const ways = new Map<TargetId, WayBack>();
  await eachOf(moves, LOOKS_AT_ONCE, async ({ target, to, definition }) => {
    const secrets = secretsOf([definition], parts.env);
    const { commit, digest, fingerprint } = to;
    try {
      const driver = await parts.driver(definition.driver);
      const input = { project: parts.project, target, commit, digest, definition, fingerprint };
      const way = await look(parts, allowed, commit, (context) => driver.wayBack?.(input, context) ?? Promise.resolve(null));
      if (way === null) return;
      ways.set(
        target,
        way.ok
          ? { means: masked(way.means, secrets) }
          : { message: masked(way.message, secrets), hint: masked(way.hint, secrets), known: true },
      );
    } catch (error) {
      const message = `whether it can go back cannot be told: ${masked(messageOf(error), secrets)}`;
      ways.set(target, { message, hint: "try again", known: false });
    }
  });
  return ways;
}
