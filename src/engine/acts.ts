import { createHash, randomBytes } from "node:crypto";
import type { AdmitDeploy, AdmitRollback } from "../core/run/events.ts";
import type { RunRow } from "../core/run/rows.ts";
import type { Actor } from "./control.ts";
import { refused } from "./errors.ts";
import type { Loop } from "./loop.ts";
import type { Store } from "./ports/store.ts";

/** How far back an act that was done, but not answered, is looked for: it is sent again at once or not at all. */
const LOOKED_BACK = 50;

/** A run's nonce: that of the act that asks for it, else a random one. */
function nonceOf(actor: Actor): string {
  if (actor.request === undefined) return randomBytes(8).toString("hex");
  return createHash("sha256").update(`${actor.name}\n${actor.request}`).digest("hex").slice(0, 16);
}

/** The run that this very act has admitted before its answer was lost. */
export async function admittedBefore(store: Store, actor: Actor): Promise<RunRow | null> {
  if (actor.request === undefined) return null;
  const nonce = nonceOf(actor);
  const { items } = await store.runs({}, { limit: LOOKED_BACK, cursor: null });
  return items.find((run) => run.nonce === nonce) ?? null;
}

type Unnamed<A> = Omit<A, "run" | "nonce" | "by">;

/** Admits a run for a person; resolves when it is durable, rejects with `RequestError` where the core refuses it. */
export async function admit(
  parts: { readonly loop: Loop; readonly store: Store; readonly nextRun: () => string },
  event: Unnamed<AdmitDeploy> | Unnamed<AdmitRollback>,
  actor: Actor,
): Promise<RunRow> {
  const run = parts.nextRun();
  const answer = await parts.loop.command({ ...event, run, nonce: nonceOf(actor), by: actor.name });
  if (!answer.ok) throw refused(answer);
  const row = await parts.store.run(run);
  if (!row) throw new Error(`run ${run} was admitted and is not in the store`);
  return row;
}
