import type { Json, JsonObject } from "./config.ts";
import { DURATION_PATTERN, formatDuration, parseDuration } from "./duration.ts";
import type { Span } from "./lines.ts";
import { quote, suggest } from "./names.ts";
import type { Hint, Report } from "./report.ts";
import type { Entry, Mapping, Node } from "./tree.ts";

/** What a value of the file must look like: read from the tree and published as JSON Schema by the same object, so that the two cannot differ. */
export type Shape<T> = {
  readonly json: JsonObject;
  /** The value, or undefined after its problem has been reported. Never throws. */
  read(node: Node, where: Where, report: Report): T | undefined;
};
/** The keys that lead to a value, for messages, and the place of the last one. */
export type Where = { readonly path: string; readonly key: Span };
export type At<T> = { readonly value: T; readonly at: Span };

export type Field<T> = { readonly shape: Shape<T>; readonly required: boolean; readonly about: string; readonly default?: Json };
export type Fields = Readonly<Record<string, Field<unknown>>>;
/** Required fields too may be undefined, after their problem has been reported. */
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T | undefined : never };
export type Read<S> = S extends Shape<infer T> ? T : never;

/** A file without errors says all that is required; anything else is a defect of the shapes. */
export function said<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error("config: a required value is missing, yet no error was reported");
  return value;
}

export function required<T>(about: string, shape: Shape<T>): Field<T> {
  return { shape, required: true, about };
}

export function optional<T>(about: string, shape: Shape<T>, standard?: Json): Field<T> {
  return standard === undefined ? { shape, required: false, about } : { shape, required: false, about, default: standard };
}

/** Reports a value of the wrong kind. */
export function wrongType(node: Node, where: Where, expected: string, report: Report, hint?: Hint): undefined {
  if (node.kind === "unread") return undefined;
  if (node.kind === "scalar" && node.value === null) {
    report.error(
      "empty-value",
      where.key,
      `${quote(where.path)} has no value; it must be ${expected}`,
      hint ?? "write one, or remove the key",
    );
  } else {
    report.error("wrong-type", node.at, `${quote(where.path)} must be ${expected}, not ${kindOf(node)}`, hint);
  }
  return undefined;
}

function kindOf(node: Node): string {
  if (node.kind === "mapping") return "a mapping of keys";
  if (node.kind === "list") return "a list";
  return node.kind === "scalar" && typeof node.value === "string"
    ? "a text"
    : node.kind === "scalar"
      ? `the ${typeof node.value} ${quote(node.source)}`
      : "this";
}

type TextRules = {
  readonly pattern?: string;
  readonly maxLength?: number;
  /** Takes numbers and booleans as they are written: `8080` is `"8080"`. */
  readonly lenient?: boolean;
  /** Why a text is refused; null where it is fine. */
  readonly check?: (text: string) => { readonly code: string; readonly message: string; readonly hint?: string } | null;
};

export function text(rules: TextRules = {}): Shape<At<string>> {
  const json: JsonObject = {
    type: rules.lenient === true ? ["string", "number", "boolean"] : "string",
    ...(rules.pattern === undefined ? {} : { pattern: rules.pattern }),
    ...(rules.maxLength === undefined ? {} : { maxLength: rules.maxLength }),
  };
  return {
    json,
    read(node, where, report) {
      if (node.kind !== "scalar" || node.value === null) return wrongType(node, where, "a text", report);
      if (typeof node.value !== "string" && rules.lenient !== true) return wrongType(node, where, "a text", report, "put it in quotes");
      const value = typeof node.value === "string" ? node.value : node.source;
      const refusal = rules.check?.(value) ?? null;
      if (refusal === null) return { value, at: node.at };
      report.error(refusal.code, node.at, `${quote(where.path)}: ${refusal.message}`, refusal.hint);
      return undefined;
    },
  };
}

export function flag(): Shape<boolean> {
  return {
    json: { type: "boolean" },
    read(node, where, report) {
      if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
      return wrongType(node, where, "`true` or `false`", report, "write `true` or `false`, without quotes");
    },
  };
}

export function whole(minimum: number, maximum: number): Shape<At<number>> {
  return {
    json: { type: "integer", minimum, maximum },
    read(node, where, report) {
      if (node.kind !== "scalar" || typeof node.value !== "number") return wrongType(node, where, "a whole number", report);
      if (Number.isInteger(node.value) && node.value >= minimum && node.value <= maximum) return { value: node.value, at: node.at };
      report.error("out-of-range", node.at, `${quote(where.path)} must be a whole number from ${minimum} to ${maximum}`);
      return undefined;
    },
  };
}

export function choice<const T extends string>(...choices: readonly T[]): Shape<At<T>> {
  return {
    json: { enum: choices },
    read(node, where, report) {
      const expected = `one of ${choices.map(quote).join(", ")}`;
      if (node.kind !== "scalar" || typeof node.value !== "string") return wrongType(node, where, expected, report);
      const written = node.value;
      const value = choices.find((candidate) => candidate === written);
      if (value !== undefined) return { value, at: node.at };
      report.error("unknown-value", node.at, `${quote(where.path)} must be ${expected}, not ${quote(written)}`, () =>
        suggest(written, choices, "values"),
      );
      return undefined;
    },
  };
}

/** Milliseconds, both bounds allowed. */
export function duration(least: number, most: number): Shape<At<number>> {
  return {
    json: { type: "string", pattern: DURATION_PATTERN, examples: ["90s", "10m", "24h", "2d"] },
    read(node, where, report) {
      const hint = "one whole number and its unit: `500ms`, `90s`, `10m`, `24h`, `2d`";
      if (node.kind !== "scalar" || (typeof node.value !== "string" && typeof node.value !== "number"))
        return wrongType(node, where, "a duration", report, hint);
      const value = parseDuration(String(node.value));
      if (value === null) report.error("bad-duration", node.at, `${quote(where.path)} is no duration: ${quote(node.source)}`, hint);
      else if (value < least || value > most)
        report.error("bad-duration", node.at, `${quote(where.path)} must be from ${formatDuration(least)} to ${formatDuration(most)}`);
      else return { value, at: node.at };
      return undefined;
    },
  };
}

/** Items that are refused are left out. A text that is repeated is named and kept once. */
export function list(item: Shape<At<string>>, rules: { readonly least?: number } = {}): Shape<readonly At<string>[]> {
  const least = rules.least ?? 0;
  return {
    json: { type: "array", items: item.json, ...(least > 0 ? { minItems: least } : {}) },
    read(node, where, report) {
      if (node.kind !== "list")
        return wrongType(
          node,
          where,
          "a list",
          report,
          node.kind === "scalar" && node.value !== null ? `write ${quote(`[${node.source}]`)}` : undefined,
        );
      if (node.items.length < least)
        report.error("empty-list", node.at, `${quote(where.path)} is an empty list`, "name something, or remove the key");
      const found = new Map<string, At<string>>();
      for (const [index, element] of node.items.entries()) {
        const value = item.read(element, { path: `${where.path}[${index}]`, key: element.at }, report);
        if (value === undefined) continue;
        if (found.has(value.value))
          report.warning("duplicate-entry", value.at, `${quote(value.value)} is named twice`, "remove one of them");
        else found.set(value.value, value);
      }
      return [...found.values()];
    },
  };
}

/** Items of any kind, in the order of the file; those that are refused are left out. */
export function items<T>(item: Shape<T>, most: number): Shape<readonly T[]> {
  return {
    json: { type: "array", items: item.json, maxItems: most },
    read(node, where, report) {
      if (node.kind !== "list") return wrongType(node, where, "a list", report);
      if (node.items.length > most) {
        report.error("too-many", where.key, `${quote(where.path)} holds ${node.items.length} entries; at most ${most} are supported`);
        return undefined;
      }
      return node.items.flatMap((element, index) => {
        const value = item.read(element, { path: `${where.path}[${index}]`, key: element.at }, report);
        return value === undefined ? [] : [value];
      });
    },
  };
}

export type Named<T> = ReadonlyMap<string, { readonly key: Span; readonly value: T | undefined }>;
type NameRules = {
  readonly pattern: string;
  readonly most: number;
  readonly check: (name: string) => { readonly code: string; readonly message: string; readonly hint: string } | null;
};

/** A mapping whose keys are names that the file chooses. An entry that cannot be read keeps its name, so that whoever refers to it is not at fault. */
export function record<T>(name: NameRules, value: Shape<T>): Shape<Named<T>> {
  return {
    json: { type: "object", propertyNames: { pattern: name.pattern }, maxProperties: name.most, additionalProperties: value.json },
    read(node, where, report) {
      if (node.kind !== "mapping") return wrongType(node, where, "a mapping of names", report);
      if (node.entries.size > name.most) {
        report.error("too-many", where.key, `${quote(where.path)} holds ${node.entries.size} entries; at most ${name.most} are supported`);
        return undefined;
      }
      const found = new Map<string, { readonly key: Span; readonly value: T | undefined }>();
      for (const [id, entry] of node.entries) {
        const refusal = name.check(id);
        if (refusal !== null) report.error(refusal.code, entry.key, refusal.message, refusal.hint);
        found.set(id, { key: entry.key, value: value.read(entry.value, { path: `${where.path}.${id}`, key: entry.key }, report) });
      }
      return found;
    },
  };
}

/** A mapping with known keys, every other one reported. */
export function object<F extends Fields>(fields: F): Shape<Values<F>> {
  return {
    json: { type: "object", additionalProperties: false, ...fieldsJson(fields) },
    read(node, where, report) {
      if (node.kind !== "mapping") return wrongType(node, where, "a mapping of keys", report);
      reportUnknown(node, Object.keys(fields), where, report);
      return readFields(fields, node, where, report);
    },
  };
}

export function fieldsJson(fields: Fields): { readonly properties: JsonObject; readonly required?: readonly string[] } {
  const properties: Record<string, Json> = {};
  for (const [key, field] of Object.entries(fields)) {
    properties[key] = { ...field.shape.json, description: field.about, ...(field.default === undefined ? {} : { default: field.default }) };
  }
  const needed = Object.keys(fields).filter((key) => fields[key]?.required === true);
  return needed.length === 0 ? { properties } : { properties, required: needed };
}

/** Reads the known keys, and names the required ones that are missing. */
export function readFields<F extends Fields>(fields: F, node: Mapping, where: Where, report: Report): Values<F> {
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const entry = node.entries.get(key);
    const path = where.path === "" ? key : `${where.path}.${key}`;
    if (entry !== undefined) values[key] = field.shape.read(entry.value, { path, key: entry.key }, report);
    else if (field.required)
      report.error(
        "missing-key",
        where.key,
        `${where.path === "" ? "the file" : quote(where.path)} lacks ${quote(key)}`,
        `${quote(key)}: ${field.about}`,
      );
  }
  // Each key was read by the shape of its own field.
  return values as Values<F>;
}

export function reportUnknown(node: Mapping, known: readonly string[], where: Where, report: Report): void {
  for (const [key, entry] of node.entries) if (!known.includes(key)) unknownKey(key, entry, known, where, report);
}

export function unknownKey(key: string, entry: Entry, known: readonly string[], where: Where, report: Report): void {
  const owner = where.path === "" ? "a `sluice.yaml`" : quote(where.path);
  report.error("unknown-key", entry.key, `${owner} knows no key ${quote(key)}`, () => suggest(key, known, "keys"));
}
