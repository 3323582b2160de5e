import type { Json, JsonObject } from "./config.ts";
import type { Span } from "./lines.ts";

/** A YAML value with its place. Aliases are resolved: what they stand for appears in each of their places. */
export type Node = Mapping | List | Scalar | Unread;
export type Mapping = { readonly kind: "mapping"; readonly at: Span; readonly entries: ReadonlyMap<string, Entry> };
export type List = { readonly kind: "list"; readonly at: Span; readonly items: readonly Node[] };
export type Scalar = {
  readonly kind: "scalar";
  readonly at: Span;
  readonly value: string | number | boolean | null;
  /** As written, so that `1.10` can stay a text. */
  readonly source: string;
};
/** A value whose problem has been reported already. */
export type Unread = { readonly kind: "unread"; readonly at: Span };
export type Entry = { readonly key: Span; readonly value: Node };

export function toJson(node: Node): Json {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "unread":
      return null;
    case "list":
      return node.items.map(toJson);
    case "mapping":
      return toJsonObject(node);
  }
}

export function toJsonObject(node: Mapping): JsonObject {
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toJson(entry.value)]));
}

/** Where a path of keys leads; as far as it exists, for a problem with something that is missing. */
export function placeOf(root: Entry, path: readonly (string | number)[]): Span {
  let node = root.value;
  let place = root.key;
  for (const step of path) {
    if (node.kind === "mapping") {
      const entry = node.entries.get(String(step));
      if (entry === undefined) return place;
      node = entry.value;
      place = node.kind === "scalar" && node.source !== "" ? node.at : entry.key;
    } else if (node.kind === "list") {
      const item = node.items[Number(step)];
      if (item === undefined) return place;
      node = item;
      place = item.at;
    } else {
      return place;
    }
  }
  return place;
}

/** Every text in a value. */
export function* textsIn(node: Node): Generator<{ readonly text: string; readonly at: Span }> {
  if (node.kind === "scalar") {
    if (typeof node.value === "string") yield { text: node.value, at: node.at };
  } else if (node.kind === "list") {
    for (const item of node.items) yield* textsIn(item);
  } else if (node.kind === "mapping") {
    for (const entry of node.entries.values()) yield* textsIn(entry.value);
  }
}
