import type { ServiceId } from "../core/config/config.ts";
import { ALREADY_THERE, whyStays } from "../core/plan/preflight.ts";
import type { Observed } from "../core/run/events.ts";
import type { SnapshotRow, TargetRow } from "../core/run/rows.ts";
import type { DeployParts } from "./deploys.ts";
import { eachOf } from "./each.ts";
import { look, LOOKS_AT_ONCE } from "./looks.ts";
import { allTargets } from "./rollback-facts.ts";

/** Someone waits for the verdict while something is broken: for one target, and for all. */
const LOOK_MS = 10_000;
const ALL_LOOKS_MS = 30_000;

/**
 * Before a verdict says of targets that they are where they are to be, their drivers are asked: what has gone, or is there in part, is recorded, and so moves.
 * Who cannot be asked in time is believed as the ledger has it; the run asks again before it leaves anything as it is.
 */
export async function lookAtWhatStays(parts: DeployParts, snapshot: SnapshotRow, services: readonly ServiceId[] | null): Promise<void> {
  const rows = (await allTargets(parts.store, snapshot.environment)).filter((row) => {
    const to = snapshot.entries[row.id];
    return to && (services?.includes(row.service) ?? true) && whyStays(row, to, true) === ALREADY_THERE;
  });
  const allowed = { ms: LOOK_MS, until: parts.clock.now() + ALL_LOOKS_MS };
  await eachOf(rows, LOOKS_AT_ONCE, async (row) => {
    const observed = await seenOf(parts, allowed, row);
    const missing = observed?.kind === "absent" || (observed?.kind === "live" && observed.commit === null);
    if (row.live && missing) parts.loop.tell({ type: "target.watched", target: row.id, entry: row.live.entry, observed }, null);
  });
  await parts.loop.flush();
}

/** null: nobody can say. */
async function seenOf(parts: DeployParts, allowed: Parameters<typeof look>[1], { id, live }: TargetRow): Promise<Observed | null> {
  const definition = live && (await parts.store.definition(live.definition));
  // a job is never live: what it has left may be gone
  if (!definition || definition.job) return null;
  try {
    const driver = await parts.driver(definition.driver);
    if (!driver.capabilities.observe) return null;
    return await look(parts, allowed, live.commit, (context) =>
      driver.observe({ project: parts.project, target: id, definition }, context),
    );
  } catch {
    return null;
  }
}
