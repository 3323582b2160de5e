import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { AdapterSchema } from "../../../src/core/config/config.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { adapterSchemas } from "../../../src/app/registry.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { SERVICES } from "./fleet.ts";

const FILE = path.join(import.meta.dirname, "../../../examples/harbor/sluice.yaml");

/** The adapters' own keys are theirs to check, and the drivers' tests do; here it is the rest of the file. */
const adapter = (kind: AdapterSchema["kind"], name: string): AdapterSchema => ({
  kind,
  name,
  jsonSchema: { type: "object" },
  check: () => [],
});

test("the sample's sluice.yaml is valid and says what the sample is", async () => {
  const parsed = parseConfig(
    await readFile(FILE, "utf8"),
    "sluice.yaml",
    [adapter("driver", "process"), adapter("builder", "bundle")],
    hostZones,
  );
  expect(parsed.diagnostics).toEqual([]);
  const { project, policy, artifacts, services } = parsed.config ?? expect.fail("no config");

  expect(project).toBe("harbor");
  expect(Object.entries(policy.environments).map(([id, { needs, order }]) => [id, needs, order])).toEqual([
    ["devnet", [], "any"],
    ["canary", ["devnet"], "forward"],
    ["mainnet", ["devnet", "canary"], "forward"],
  ]);
  expect(policy.environments["mainnet"]?.approval).toEqual({
    approvers: [],
    count: 1,
    self: true,
    early: false,
    expiresMs: 24 * 60 * 60 * 1000,
  });
  expect(policy.environments["canary"]?.approval).toBeNull();
  expect(artifacts["mega"]).toMatchObject({ builder: "bundle", config: { path: ".", command: ["node", "tools/build.js"] } });

  expect(Object.keys(services).toSorted()).toEqual(Object.keys(SERVICES).toSorted());
  for (const [name, { script, needs }] of Object.entries(SERVICES)) {
    const service = services[name];
    const frontend = script.startsWith("apps/");
    expect(service).toMatchObject({
      tier: frontend ? "frontend" : "backend",
      paths: [path.dirname(script), "packages/shared"],
      artifact: "mega",
      deploy: { driver: "process", config: { command: ["node", script], health: "/healthz" } },
      // Left as they are: the driver's address and the commit are known only when an attempt runs.
      verify: { http: "${url}/version", expect: { commit: "${commit}" } },
    });
    expect(service?.needs ?? []).toEqual(frontend ? [] : needs);
  }
  expect(services["web"]?.needs).toBeNull();
  expect(services["indexer"]?.environments).toEqual(["devnet", "mainnet"]);
  expect(services["admin"]?.environments).toEqual(["canary", "mainnet"]);
  expect(services["web"]?.environments).toBeNull();
});

test("on Kubernetes it is the same sample: the same services, needs, environments and policy", async () => {
  const file = path.join(path.dirname(FILE), "sluice.kubernetes.yaml");
  const parsed = parseConfig(await readFile(file, "utf8"), "sluice.yaml", await adapterSchemas(), hostZones);
  expect(parsed.diagnostics).toEqual([]);
  const there = parsed.config ?? expect.fail("no config");
  const here =
    parseConfig(await readFile(FILE, "utf8"), "sluice.yaml", await adapterSchemas(), hostZones).config ?? expect.fail("no config");
  for (const [name, { tier, needs, environments }] of Object.entries(here.services))
    expect(there.services[name]).toMatchObject({ tier, needs, environments, artifact: "mega" });
  for (const [id, { needs, approval, order }] of Object.entries(here.policy.environments))
    // a branch cannot point one environment at another's namespace
    expect(there.policy.environments[id]).toMatchObject({ needs, approval, order, allow: { namespaces: [`harbor-${id}`] } });
});
