import { describe, expect, test } from "vitest";
import { openApiDocument, routes } from "../../../src/contract/document.ts";

type Node = { readonly [key: string]: unknown };
const document = JSON.parse(JSON.stringify(openApiDocument())) as Node & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node>>>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);

/** Every `$ref` beneath a value. */
function refs(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => (key === "$ref" && typeof child === "string" ? [child] : refs(child)));
}

function resolve(ref: string): unknown {
  return ref
    .slice(2)
    .split("/")
    .reduce<unknown>((node, key) => (node as Node | undefined)?.[key], document);
}

describe("the OpenAPI document", () => {
  test("is of version 3.1 and holds every route", () => {
    expect(document["openapi"]).toBe("3.1.0");
    expect(operations).toHaveLength(routes.length);
    expect(operations.length).toBeGreaterThan(20);
  });

  test("has no reference that leads nowhere", () => {
    const all = refs(document);
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((ref) => !ref.startsWith("#/") || resolve(ref) === undefined)).toEqual([]);
  });

  test("names each operation once", () => {
    const names = operations.map(({ operation }) => operation["operationId"]);
    expect(names.filter((name) => typeof name !== "string")).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test("says of each operation what it answers, and that it may end in a problem", () => {
    for (const { operation } of operations) {
      const responses = operation["responses"] as Readonly<Record<string, { readonly content?: Readonly<Record<string, Node>> }>>;
      expect(Object.keys(responses)).toContain("default");
      for (const { content } of Object.values(responses)) {
        expect(Object.values(content ?? {}).map((media) => typeof media["schema"])).toEqual(["object"]);
      }
    }
  });

  test("declares each parameter of a path", () => {
    for (const { name, operation } of operations) {
      const wanted = [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = ((operation["parameters"] ?? []) as Node[])
        .filter((parameter) => parameter["in"] === "path")
        .map((parameter) => parameter["name"]);
      expect(declared).toEqual(wanted);
    }
  });
});
