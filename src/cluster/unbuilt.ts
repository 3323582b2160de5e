import type { Digest } from "../core/config/config.ts";
import type { RenderInput } from "../engine/ports/driver.ts";

/** Stands in texts for the digest of an image that is not built yet: it has the form of one wherever a chart or a manifest puts it, and nobody takes it for one. */
const NOT_BUILT: Digest = "sha256:not-built-yet";

/** The digest that a look shows: without one the image that a chart names by itself would seem to be what the commit brings. Nothing is ever applied with it. */
export const shownDigest = ({ definition, digest }: Pick<RenderInput, "definition" | "digest">): Digest | null =>
  digest ?? (definition.image === undefined ? null : NOT_BUILT);
