import type { KubeObject } from "../../cluster/objects.ts";
import type { Digest } from "../../core/config/config.ts";
import type { LookContext, RenderInput } from "../../engine/ports/driver.ts";
import { fingerprintOf, stored } from "./stored.ts";

/** What a fingerprint stands for, and where it was found. */
export type Manifest = { readonly objects: readonly KubeObject[]; readonly from: "kept" | "rendered" };

/**
 * The very objects that were approved or recorded under a fingerprint: as this host has kept them, else rendered again from the commit.
 * Rejects where the commit renders otherwise now, and with what is wrong with it. null: whatever the commit renders.
 */
export async function manifestOf(input: RenderInput & { readonly fingerprint: Digest | null }, context: LookContext): Promise<Manifest> {
  const kept = input.fingerprint === null ? null : stored(context.home, input.fingerprint);
  if (kept !== null) return { objects: kept, from: "kept" };
  const [{ objectsOf }, { textOf }] = await Promise.all([import("./rendering.ts"), import("./render.ts")]);
  const objects = await objectsOf(input, context);
  if (input.fingerprint !== null && fingerprintOf(input, textOf(input, objects, context.home)) !== input.fingerprint)
    throw new Error(
      `the commit ${input.commit.slice(0, 12)} renders otherwise now than when it was decided on: another kubectl, another key of this store, or a changed definition; deploy it again`,
    );
  return { objects, from: "rendered" };
}
