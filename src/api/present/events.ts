import type { z } from "@hono/zod-openapi";
import type * as schema from "../../contract/schemas/events.ts";
import type { Change } from "../../core/run/changes.ts";
import type { Time } from "../../core/run/rows.ts";
import type { LogEntry } from "../../engine/ports/store.ts";
import { presentEnvironmentPatch, presentTarget } from "./fleet.ts";
import type { Lookup } from "./lookup.ts";
import { presentDecision } from "./plans.ts";
import { instant, joinedOf, presentAttempt, presentRun, presentStepPatch } from "./runs.ts";

type Patch = z.infer<typeof schema.Patch>;
export type StreamEvent = z.infer<typeof schema.StreamEvent>;

export async function presentEvent(entry: LogEntry, lookup: Lookup): Promise<StreamEvent> {
  const changes: Patch[] = [];
  for (const change of entry.changes) {
    const patch = await presentChange(change, entry.at, lookup);
    if (patch) changes.push(patch);
  }
  return { seq: entry.seq, at: instant(entry.at), type: entry.type, run: entry.run, changes };
}

/** Null for what is the core's own: plans, definitions, renders, relations and the like. */
async function presentChange(change: Change, at: Time, lookup: Lookup): Promise<Patch | null> {
  switch (change.table) {
    case "run":
      return { table: "run", row: await presentRun(change.row, lookup) };
    case "step":
      return { table: "step", row: presentStepPatch(change.row, await lookup.run(change.row.run), await joinedOf(change.row, lookup)) };
    case "attempt":
      return { table: "attempt", row: { ...presentAttempt(change.row), run: change.row.run, step: change.row.step } };
    case "target":
      return { table: "target", row: await presentTarget(change.row, lookup, at) };
    case "environment":
      return { table: "environment", row: presentEnvironmentPatch(change.row, at) };
    case "decision":
      return { table: "decision", row: presentDecision(change.row) };
    case "plan":
    case "definition":
    case "ledger":
    case "snapshot":
    case "relation":
    case "build":
    case "render":
    case "good":
    case "meta":
      return null;
  }
}
