import type { AdapterSchema, Json, JsonObject } from "./config.ts";
import { closest, listNames, quote, suggest } from "./names.ts";
import type { Report } from "./report.ts";
import { fieldsJson, readFields, unknownKey, wrongType, type Fields, type Shape, type Values, type Where } from "./shape.ts";
import { placeOf, toJsonObject, type Entry, type Mapping } from "./tree.ts";

export type Chosen<F extends Fields> = {
  readonly own: Values<F>;
  /** The driver or builder, its key and config, and whether its own schema found no problem in that; null after another problem with it. */
  readonly adapter: { readonly name: string; readonly entry: Entry; readonly config: JsonObject; readonly sound: boolean } | null;
};

/** A mapping with some keys of its own and exactly one that names a driver or builder and holds its config. */
export function adapterChoice<F extends Fields>(
  kind: AdapterSchema["kind"],
  adapters: readonly AdapterSchema[],
  fields: F,
): Shape<Chosen<F>> {
  const known = adapters.filter((adapter) => adapter.kind === kind);
  const own = fieldsJson(fields);
  const references = Object.fromEntries(known.map((adapter) => [adapter.name, { $ref: `#/$defs/${definitionName(adapter)}` }]));
  return {
    json: {
      type: "object",
      ...own,
      properties: { ...own.properties, ...references },
      additionalProperties: false,
      ...(known.length === 0
        ? {}
        : { oneOf: known.map(({ name }) => ({ type: "object", properties: { [name]: { type: "object" } }, required: [name] })) }),
    },
    read(node, where, report) {
      if (node.kind !== "mapping") return wrongType(node, where, `a mapping that names a ${kind}`, report, `${kind}s: ${names(known)}`);
      return { own: readFields(fields, node, where, report), adapter: choose(kind, known, Object.keys(fields), node, where, report) };
    },
  };
}

function choose(
  kind: AdapterSchema["kind"],
  known: readonly AdapterSchema[],
  own: readonly string[],
  node: Mapping,
  where: Where,
  report: Report,
): Chosen<Fields>["adapter"] {
  const adapters = known.map((adapter) => adapter.name);
  const others = [...node.entries].filter(([key]) => !own.includes(key));
  const named = others.filter(([key]) => adapters.includes(key));
  if (others.length === 0) report.error("missing-key", where.key, `${quote(where.path)} names no ${kind}`, `${kind}s: ${names(known)}`);
  for (const [key, entry] of others) {
    if (adapters.includes(key)) continue;
    // A slip in the name of the adapter and one in an own key look the same; what is there already tells them apart.
    if (named.length > 0 || closest(key, own) !== null) unknownKey(key, entry, [...own, ...adapters], where, report);
    else report.error(`unknown-${kind}`, entry.key, `there is no ${kind} ${quote(key)}`, () => suggest(key, adapters, `${kind}s`));
  }
  const [first, second] = named;
  if (second !== undefined) {
    const all = listNames(named.map(([key]) => key));
    report.error(`several-${kind}s`, second[1].key, `${quote(where.path)} names more than one ${kind}: ${all}`, "keep one");
  }
  const adapter = known.find((candidate) => candidate.name === first?.[0]);
  return first === undefined || adapter === undefined ? null : configOf(adapter, first[1], where, report);
}

function configOf(adapter: AdapterSchema, entry: Entry, where: Where, report: Report): Chosen<Fields>["adapter"] {
  const path = `${where.path}.${adapter.name}`;
  if (entry.value.kind !== "mapping") {
    wrongType(entry.value, { path, key: entry.key }, "a mapping of keys", report, "write `{}` for none");
    return null;
  }
  const config = toJsonObject(entry.value);
  const problems = adapter.check(config);
  for (const problem of problems) {
    const inside = [path, ...problem.path].join(".");
    report.error(`bad-${adapter.kind}-config`, placeOf(entry, problem.path), `${quote(inside)}: ${problem.message}`);
  }
  return { name: adapter.name, entry, config, sound: problems.length === 0 };
}

function names(adapters: readonly AdapterSchema[]): string {
  return listNames(adapters.map((adapter) => adapter.name)) || "none";
}

/** The adapters' own schemas as `$defs` of the file's, their references to themselves turned to where they now are. */
export function adapterDefinitions(adapters: readonly AdapterSchema[]): JsonObject {
  return Object.fromEntries(
    adapters.map((adapter) => [definitionName(adapter), rebase(adapter.jsonSchema, `#/$defs/${definitionName(adapter)}`, true)]),
  );
}

function definitionName(adapter: AdapterSchema): string {
  return `${adapter.kind}-${adapter.name}`;
}

function rebase(value: Json, onto: string, top: boolean): Json {
  if (Array.isArray(value)) return value.map((item: Json) => rebase(item, onto, false));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !top || (key !== "$schema" && key !== "$id"));
  return Object.fromEntries(
    entries.map(([key, item]) => [
      key,
      key === "$ref" && typeof item === "string" && item.startsWith("#") ? onto + item.slice(1) : rebase(item, onto, false),
    ]),
  );
}
