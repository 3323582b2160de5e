import { interpolateLate } from "../../core/config/variables.ts";
import type { Digest } from "../../core/config/config.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { CommandConfig } from "./schema.ts";

/** The driver's part of a definition, its `${digest}` filled in. What it may say was checked when the plan was made. */
export function configOf(definition: Definition, digest: Digest | null): CommandConfig {
  return interpolateLate(definition.config, { digest, url: null }) as CommandConfig;
}
