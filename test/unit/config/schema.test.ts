import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { Json } from "../../../src/core/config/config.ts";
import { configJsonSchema } from "../../../src/core/config/json-schema.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { adapters, recursive } from "./adapters.ts";

const schema = configJsonSchema(adapters);
const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
const golden = (name: string): string => readFileSync(join(import.meta.dirname, "golden", name), "utf8");

describe("the published schema", () => {
  test.each(["valid.yaml", "unused.yaml"])("takes %s, as the parser does", (name) => {
    expect(parseConfig(golden(name), name, adapters, hostZones).config).not.toBeNull();
    expect(validator.safeParse(parse(golden(name))).error?.issues ?? []).toEqual([]);
  });

  // Only what is a matter of shape: names that must exist and the like are beyond a schema.
  test.each([
    "unknown-keys.yaml",
    "missing-keys.yaml",
    "wrong-types.yaml",
    "empty-values.yaml",
    "version.yaml",
    "durations.yaml",
    "adapters.yaml",
    "bad-names.yaml",
    "no-environment.yaml",
    "freezes.yaml",
    "migration.yaml",
  ])("refuses %s, as the parser does", (name) => {
    expect(parseConfig(golden(name), name, adapters, hostZones).config).toBeNull();
    expect(validator.safeParse(parse(golden(name))).success).toBe(false);
  });

  test("explains every key", () => {
    const undescribed: string[] = [];
    const walk = (value: Json, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, item] of Object.entries(value)) {
        // An adapter explains its own keys, and its alternatives repeat what stands beside them.
        if (key === "$defs" || key === "oneOf") continue;
        if (key === "properties")
          for (const [name, property] of Object.entries(item as Record<string, Record<string, Json>>))
            if (property["description"] === undefined && property["$ref"] === undefined) undescribed.push(`${path}.${name}`);
        walk(item, `${path}.${key}`);
      }
    };
    walk(schema, "");
    expect(undescribed).toEqual([]);
  });

  test("is plain JSON, the same each time", () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(JSON.stringify(configJsonSchema(adapters))).toBe(JSON.stringify(schema));
  });

  test("turns an adapter's references to itself to where it is now", () => {
    const defs = configJsonSchema([...adapters, recursive])["$defs"];
    expect(defs).toMatchObject({
      "driver-tree": { properties: { next: { $ref: "#/$defs/driver-tree" }, leaf: { $ref: "#/$defs/driver-tree/$defs/leaf" } } },
    });
    expect(JSON.stringify(defs)).not.toContain("$schema");
  });
});
