import { z } from "zod";
import type { AdapterSchema, Json, JsonObject } from "../../../src/core/config/config.ts";

/** An adapter whose rules are written once, in zod, as the drivers' and builders' own are. */
function adapter(kind: AdapterSchema["kind"], name: string, schema: z.ZodType): AdapterSchema {
  return {
    name,
    kind,
    // What zod prints is plain data by definition of JSON Schema.
    jsonSchema: JSON.parse(JSON.stringify(z.toJSONSchema(schema))) as JsonObject,
    check(config) {
      const result = schema.safeParse(config);
      if (result.success) return [];
      return result.error.issues.flatMap((issue) => {
        const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
        if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
        return issue.keys.map((key) => ({ path: [...path, key], message: "unknown key" }));
      });
    },
  };
}

const command = z.array(z.string()).min(1);

export const adapters: readonly AdapterSchema[] = [
  adapter("driver", "process", z.strictObject({ command, health: z.string().startsWith("/").optional() })),
  {
    ...adapter(
      "driver",
      "helm",
      z.strictObject({
        chart: z.string(),
        values: z.array(z.string()).optional(),
        release: z.string().optional(),
        namespace: z.string().optional(),
        context: z.string().optional(),
      }),
    ),
    claims: (config, service) => {
      const { release, namespace } = config as { readonly release?: string; readonly namespace?: string };
      return [`helm release ${release ?? service} in namespace ${namespace ?? "default"}`];
    },
  },
  adapter("builder", "bundle", z.strictObject({ path: z.string(), command: command.optional() })),
  {
    ...adapter("builder", "image", z.strictObject({ repository: z.string(), context: z.string().optional(), file: z.string().optional() })),
    image: ({ repository }) => (typeof repository === "string" ? repository : ""),
  },
];

/** A tree-shaped adapter: its schema refers to itself. */
export const recursive: AdapterSchema = {
  name: "tree",
  kind: "driver",
  jsonSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { next: { $ref: "#" }, leaf: { $ref: "#/$defs/leaf" } },
    additionalProperties: false,
    $defs: { leaf: { type: "string" } },
  } satisfies Json,
  check: () => [],
};
