import { readFileSync } from "node:fs";
import addFormats from "ajv-formats";
import { OpenAPIBackend, type Document } from "openapi-backend";

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};
type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Record<string, Schema>;
    readonly parameters: Record<string, { schema: unknown }>;
  };
};
type Operation = { readonly operationId: string; readonly "x-github"?: { readonly enabledForGitHubApps?: boolean } };

const description = JSON.parse(readFileSync(new URL("openapi.json", import.meta.url), "utf8")) as Description;
// `oneOf` integer or string never holds for what a path says: "7" is both once it is coerced.
const workflowId = description.components.parameters["workflow-id"];
if (workflowId) workflowId.schema = { type: "string" };

// Of a fork that is gone GitHub answers null, which the description leaves out.
for (const name of ["pull-request", "pull-request-simple"]) {
  const head = description.components.schemas[name]?.properties?.["head"] as { properties: Record<string, Schema> } | undefined;
  if (head) head.properties["repo"] = { nullable: true, anyOf: [head.properties["repo"] ?? {}] };
}

tellNulls(description);

/** `nullable` beside alternatives or choices is said in a way that ajv knows. */
function tellNulls(node: unknown): void {
  if (node === null || typeof node !== "object") return;
  const schema = node as { nullable?: boolean; type?: unknown; enum?: unknown[]; anyOf?: unknown[]; oneOf?: unknown[] };
  if (schema.nullable === true && Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum.push(null);
  if (schema.nullable === true && schema.type === undefined) {
    delete schema.nullable;
    (schema.anyOf ?? schema.oneOf)?.push({ type: "null" });
  }
  Object.values(node).forEach(tellNulls);
}

/** What may be asked with an installation's token, such as GITHUB_TOKEN. */
export const openToApps: ReadonlyMap<string, boolean> = new Map(
  Object.values(description.paths).flatMap((methods) =>
    Object.values(methods).map((operation) => [operation.operationId, operation["x-github"]?.enabledForGitHubApps !== false] as const),
  ),
);

/** Checks requests and answers; the caller registers handlers by operation id. */
export function describedApi(): OpenAPIBackend {
  return new OpenAPIBackend({
    definition: description as unknown as Document,
    quick: true,
    validate: true,
    ajvOpts: { strict: false },
    customizeAjv: (ajv) => {
      addFormats.default(ajv);
      // GitHub answers "" where its description says `uri`.
      return ajv.addFormat("uri", true);
    },
  });
}

/** What is known of an object, and of every field that its schema requires besides a value that fits. */
export function complete<T extends object>(name: string, known: T): T & Record<string, unknown> {
  const schema = description.components.schemas[name];
  if (!schema) throw new Error(`the description has no ${name}`);
  // Where it may be null, it is not: there is something known of it.
  return { ...(fitting({ ...schema, nullable: false }) as Record<string, unknown>), ...known };
}

function fitting(schema: Schema): unknown {
  if (schema.$ref !== undefined) return fitting(description.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  if (schema.nullable) return null;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(fitting)) as unknown;
  const variant = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (variant) return fitting(variant);
  if (schema.enum) return schema.enum[0];
  if (schema.type === "string") return schema.format === "date-time" ? "2026-01-01T00:00:00Z" : "";
  if (schema.type === "integer" || schema.type === "number") return 0;
  if (schema.type === "boolean") return false;
  if (schema.type === "array") return [];
  return Object.fromEntries((schema.required ?? []).map((field) => [field, fitting(schema.properties?.[field] ?? {})]));
}
