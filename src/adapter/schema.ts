import * as z from "zod";
import type { AdapterSchema, JsonObject } from "../core/config/config.ts";

/** Keys that name folders, and what the folders lie in: they may not lead out of it. */
type Folders = { readonly keys: readonly string[]; readonly inside: "artifact" | "repository" };

/** An adapter's part of the file out of its zod shape. Loads zod: what an attempt's process imports does not import this. */
export function adapterSchema(kind: AdapterSchema["kind"], name: string, shape: z.ZodObject, folders?: Folders): AdapterSchema {
  return {
    name,
    kind,
    jsonSchema: z.toJSONSchema(shape, { io: "input" }) as JsonObject,
    check(config) {
      const issues = shape.safeParse(config).error?.issues ?? [];
      const leaving = folders?.keys.filter((key) => leadsOut(config[key])) ?? [];
      return [
        ...issues.map(({ path, message }) => ({ path: path.filter((key) => typeof key !== "symbol"), message })),
        ...leaving.map((key) => ({ path: [key], message: `must be a folder inside the ${folders?.inside}, written relative to it` })),
      ];
    },
  };
}

function leadsOut(value: unknown): boolean {
  return typeof value === "string" && (/^(?:[/\\]|[a-zA-Z]:)/.test(value) || value.split(/[/\\]/).includes(".."));
}
