import type { Digest } from "../../core/config/config.ts";
import type { LookContext, RenderInput, WayBack } from "../../engine/ports/driver.ts";
import { manifestOf } from "./manifest.ts";

/** A rollback applies the manifests that were applied then: kept on this host, or rendered again from the commit where that gives the very same. */
export async function wayBack(input: RenderInput & { readonly fingerprint: Digest }, context: LookContext): Promise<WayBack> {
  try {
    const { from } = await manifestOf(input, context);
    return {
      ok: true,
      means:
        from === "kept"
          ? "the manifests that were applied then, which this host has kept"
          : `manifests rendered again from ${input.commit.slice(0, 12)}, the same as then`,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    return {
      ok: false,
      message: error instanceof Error ? error.message : String(error),
      hint: "Fetch the commit again, or deploy it anew: `sluice deploy` renders it as it is now",
    };
  }
}
