import { createHash, randomBytes } from "node:crypto";
import type { RunRow } from "../core/run/rows.ts";
import type { Actor } from "./control.ts";
import type { Store } from "./ports/store.ts";

/** How far back an act that was done, but not answered, is looked for: it is sent again at once or not at all. */
const LOOKED_BACK = 50;

/** A run's nonce: that of the act that asks for it, else a random one. */
export function nonceOf(actor: Actor): string {
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
