import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/config/config.ts";
import { adapterSchemas, builder, builderNames, driver, driverNames } from "../../../src/app/registry.ts";
import { artifact, contextOf, definitionOf, inputOf, starts, temporaryHome } from "./rig.ts";

const source = fileURLToPath(new URL("../../../src/", import.meta.url));
const foldersOf = (kind: string) => readdirSync(join(source, kind));

/** For each adapter a config as a user would write it, whose `apply` adds a line to the file that $STARTS names. */
const appends = ["node", "-e", `fs.appendFileSync(process.env.STARTS, "applied\\n")`];
const CONFIGS: Readonly<Record<string, JsonObject>> = {
  "drivers/process": { command: ["node", "server.js"], readyTimeout: "10s" },
  "drivers/command": { apply: appends },
  "drivers/helm": { chart: "deploy/charts/api" },
  "drivers/kubernetes": { manifests: ["deploy"] },
  "builders/bundle": { path: ".", command: "npm run build" },
  "builders/command": { run: ["./build.sh"] },
  "builders/image": { repository: "registry.example/harbor" },
};
const configOf = (name: string): JsonObject => CONFIGS[name] ?? {};

/** Every property of a JSON schema, with its path. */
function propertiesOf(schema: Json, path: string): [string, JsonObject][] {
  const properties = (schema as { readonly properties?: Readonly<Record<string, JsonObject>> }).properties ?? {};
  return Object.entries(properties).flatMap(([key, value]) => [[`${path}.${key}`, value], ...propertiesOf(value, `${path}.${key}`)]);
}

test("what is registered is what there are folders of", () => {
  expect(driverNames.toSorted()).toEqual(foldersOf("drivers").toSorted());
  expect(builderNames.toSorted()).toEqual(foldersOf("builders").toSorted());
});

test("a name that is not registered is refused with those that are", async () => {
  await expect(driver("helmm")).rejects.toThrow(/no driver helmm; it has process, command/);
  await expect(builder("constructor")).rejects.toThrow(/no builder constructor/);
});

test("every adapter's schema is known, once", async () => {
  const schemas = await adapterSchemas();
  expect(schemas.map(({ kind, name }) => `${kind}s/${name}`).toSorted()).toEqual(
    [...driverNames.map((name) => `drivers/${name}`), ...builderNames.map((name) => `builders/${name}`)].toSorted(),
  );
});

describe.each([...driverNames.map((name) => ["drivers", name] as const), ...builderNames.map((name) => ["builders", name] as const)])(
  "%s/%s",
  (kind, name) => {
    const load = () => (kind === "drivers" ? driver(name) : builder(name));
    const folder = join(source, kind, name);

    test("is called like its folder and says what it does, its keys and how it fails", async () => {
      const adapter = await load();
      expect(adapter.name).toBe(name);
      expect(adapter.schema).toMatchObject({ name, kind: kind === "drivers" ? "driver" : "builder" });
      expect(existsSync(join(folder, "README.md"))).toBe(true);
      const readme = readFileSync(join(folder, "README.md"), "utf8");
      expect(readme).toContain("## When it fails");
      for (const [path] of propertiesOf(adapter.schema.jsonSchema, "")) expect(readme).toContain(`\`${path.slice(1)}\``);
    });

    test("its schema describes every key, takes a good config and refuses an unknown key", async () => {
      const { schema } = await load();
      const properties = propertiesOf(schema.jsonSchema, name);
      expect(properties.length).toBeGreaterThan(0);
      expect(
        properties.filter(([, { description }]) => typeof description !== "string" || !description.endsWith(".")).map(([path]) => path),
      ).toEqual([]);
      expect(schema.jsonSchema["additionalProperties"]).toBe(false);
      expect(schema.check(configOf(`${kind}/${name}`))).toEqual([]);
      expect(schema.check({ ...configOf(`${kind}/${name}`), nonsense: 1 })).toHaveLength(1);
      const needs = schema.jsonSchema["required"] ?? schema.jsonSchema["oneOf"];
      expect(schema.check({}).length).toBe(needs === undefined ? 0 : 1);
    });
  },
);

/** These need a cluster to render for and apply to: the same is asked of them in test/cluster. */
const ON_A_CLUSTER = ["helm", "kubernetes"];

describe.each(driverNames.filter((name) => !ON_A_CLUSTER.includes(name)))("the driver %s", (name) => {
  const definition = definitionOf(name, configOf(`drivers/${name}`), { variables: { B: "2", A: "1" }, credentials: ["STARTS"] });

  test("renders the same text each time, touches nothing, and shows no secret", async () => {
    const home = temporaryHome();
    process.env["STARTS"] = join(home, "a-secret-place");
    const input = inputOf(home, "a1", "c1", null, definition);
    const adapter = await driver(name);
    const text = await adapter.render(input, contextOf(home));
    expect(await adapter.render({ ...input, definition: { ...definition, variables: { A: "1", B: "2" } } }, contextOf(home))).toBe(text);
    expect(await adapter.render({ ...input, commit: "c2" }, contextOf(home))).not.toBe(text);
    expect(await adapter.render({ ...input, digest: `sha256:${"0".repeat(64)}` }, contextOf(home))).not.toBe(text);
    expect(text).not.toContain("a-secret-place");
    expect(readdirSync(home)).toEqual([]);
  });

  test("observes what it says it can: absent or unobservable before, the release and its attempt after", async () => {
    const home = temporaryHome();
    const adapter = await driver(name);
    const about = { project: "harbor", target: "web@devnet", definition } as const;
    const signal = new AbortController().signal;
    const before = await adapter.observe(about, { signal, home });
    expect(["absent", "unobservable"]).toContain(before.kind);
    if (!adapter.capabilities.observe) expect(before.kind).toBe("unobservable");
    expect(adapter.capabilities.resume).toBe(adapter.resume !== undefined);
    const digest = artifact(home, "v1");
    expect(await adapter.apply(inputOf(home, "a1", "c1", digest, definition), contextOf(home))).toMatchObject({ ok: true });
    const after = await adapter.observe(about, { signal, home });
    if (before.kind === "absent") expect(after).toMatchObject({ kind: "live", commit: "c1", digest, attempt: "a1" });
    else expect(after.kind).toBe("unobservable");
  });

  test("one attempt's effect is there once where it can observe, however often it is applied", async () => {
    const home = temporaryHome();
    const adapter = await driver(name);
    const input = inputOf(home, "a1", "c1", artifact(home, "v1"), definition);
    const first = await adapter.apply(input, contextOf(home));
    const observed = await adapter.observe(
      { project: "harbor", target: "web@devnet", definition },
      { signal: new AbortController().signal, home },
    );
    if (observed.kind === "unobservable") return; // it is never applied again, since nobody can tell
    expect(await adapter.apply(input, contextOf(home))).toEqual(first);
    expect(starts(home)).toHaveLength(1);
  });
});
