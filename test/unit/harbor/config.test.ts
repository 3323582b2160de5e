import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { AdapterSchema } from "../../../src/core/config/config.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
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
