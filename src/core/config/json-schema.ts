import { adapterDefinitions } from "./adapter.ts";
import type { AdapterSchema, JsonObject } from "./config.ts";
import { fileShape } from "./schema.ts";

/** JSON Schema (draft 2020-12) of a `sluice.yaml`, with which editors complete and explain it. */
export function configJsonSchema(adapters: readonly AdapterSchema[]): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "sluice.yaml",
    description: "What a project deploys, where to, and who decides.",
    ...fileShape(adapters).json,
    $defs: adapterDefinitions(adapters),
  };
}
