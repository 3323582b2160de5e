import { expect, onTestFinished, test, vi } from "vitest";
import { examine } from "../../../src/app/examine.ts";
import { doctorLines } from "../../../src/cli/commands/doctor.ts";
import { colorsOf } from "../../../src/cli/output/paint.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
import type { Builder, Driver, Finding } from "../../../src/engine/ports/driver.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { noopDriver } from "../../rig/noop.ts";

const FILE = `version: 1
project: shop
environments:
  devnet: {}
  mainnet: { needs: [devnet], credentials: [TOKEN] }
artifacts: { app: { noop: { tag: one } }, each: { perEnvironment: true, noop: {} } }
services:
  api: { tier: backend, artifact: app, deploy: { noop: {} } }
  web: { tier: frontend, artifact: each, manual: true, deploy: { noop: {} } }
`;
const finding = (part: Partial<Finding>): Finding => ({ level: "ok", subject: "tool", message: "4.3.2", hint: null, ...part });

type Options = { driver?: Partial<Driver>; builder?: Partial<Builder>; file?: string; policy?: string; environments?: readonly string[] };

async function examined({ driver = {}, builder = {}, file = FILE, policy = FILE, environments }: Options) {
  const schemas = [noopDriver.schema, { ...noopDriver.schema, kind: "builder" as const }];
  const configOf = (text: string) => {
    const { config, diagnostics } = parseConfig(text, "sluice.yaml", schemas, hostZones);
    if (!config) throw new Error(JSON.stringify(diagnostics));
    return config;
  };
  const noopBuilder: Builder = {
    name: "noop",
    inHome: false,
    schema: { ...noopDriver.schema, kind: "builder" },
    build: () => Promise.reject(new Error("not here")),
    has: () => Promise.resolve(true),
    ...builder,
  };
  return await examine(
    {
      release: configOf(file),
      policy: configOf(policy).policy,
      commit: "c".repeat(40),
      environments: environments ?? null,
      home: "/nowhere",
      file: "sluice.yaml",
      env: process.env,
    },
    { driver: async () => ({ ...noopDriver, ...driver }), builder: async () => noopBuilder },
  );
}

test("each driver is asked for the targets of each environment, also of manual services; a builder for all artifacts", async () => {
  const asked: unknown[] = [];
  await examined({
    driver: { examine: async (targets, { home }) => [asked.push([home, targets.map(({ target }) => target)])].map(() => finding({})) },
    builder: { examine: async (artifacts) => [asked.push(artifacts)].map(() => finding({})) },
  });
  expect(asked).toHaveLength(3);
  expect(asked).toContainEqual(["/nowhere", ["api@devnet", "web@devnet"]]);
  expect(asked).toContainEqual(["/nowhere", ["api@mainnet", "web@mainnet"]]);
  expect(asked).toContainEqual([
    { name: "app", config: { tag: "one" } },
    { name: "each@devnet", config: {} },
    { name: "each@mainnet", config: {} },
  ]);
});

test("what is alike in several environments is said once; what is wrong in one is said there, with what to do", async () => {
  const checks = await examined({
    driver: {
      examine: async ([first]) => [
        finding({ subject: "helm" }),
        first?.target === "api@mainnet"
          ? finding({ level: "problem", subject: "shop-main", message: "may not patch deployments", hint: "bind a role to it" })
          : finding({ level: "warning", subject: "shop-dev", message: "it is old", hint: "renew it" }),
      ],
    },
  });
  expect(doctorLines(checks, colorsOf(false))).toEqual([
    "ok noop: 3 artifacts, with nothing to examine",
    "devnet, mainnet:",
    "  ok helm: 4.3.2",
    "devnet:",
    "  warning shop-dev: it is old\n    hint: renew it",
    "mainnet:",
    "  problem shop-main: may not patch deployments\n    hint: bind a role to it",
    "1 problem, 1 warning",
  ]);
});

test("what two say of one place is said once, with the rights that either lacks; in another environment it is another's", async () => {
  const rights = (verbs: string, on: string) => verbs.split(" ").map((verb) => ({ verb, on }));
  const missing = { level: "problem" as const, subject: "rights in shop", message: "missing", hint: "grant them" };
  const checks = await examined({
    driver: {
      examine: async ([first]) => [
        finding({ ...missing, rights: [...rights("get", "secrets"), ...rights("get patch", "services")] }),
        ...(first?.target === "api@mainnet" ? [] : [finding({ ...missing, rights: rights("get create", "services") })]),
        finding({ subject: "rights in other", message: "all there" }),
        finding({ subject: "rights in other", message: "all there" }),
      ],
    },
  });
  expect(doctorLines(checks, colorsOf(false)).slice(1)).toEqual([
    "devnet:",
    "  problem rights in shop: missing: get on secrets; get, patch, create on services\n    hint: grant them",
    "devnet, mainnet:",
    "  ok rights in other: all there",
    "mainnet:",
    "  problem rights in shop: missing: get on secrets; get, patch on services\n    hint: grant them",
    "2 problems",
  ]);
});

test("one that throws hides no other, and says no credential's value", async () => {
  vi.stubEnv("TOKEN", "hunter2-hunter2");
  onTestFinished(() => void vi.unstubAllEnvs());
  const checks = await examined({
    driver: {
      examine: async ([first]) => {
        if (first?.target === "api@mainnet") throw new Error("hunter2-hunter2 is refused");
        return [finding({ message: "hunter2-hunter2", hint: "hunter2-hunter2" })];
      },
    },
  });
  expect(checks).toEqual([
    { name: "noop", status: "ok", message: "3 artifacts, with nothing to examine" },
    { name: "tool", status: "ok", message: "***", hint: "***", environments: ["devnet"] },
    { name: "noop", status: "problem", message: "2 targets could not be examined: *** is refused", environments: ["mainnet"] },
  ]);
});

test("one that hangs ends with its time", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const begun = Promise.withResolvers<void>();
  const checks = examined({
    driver: {
      examine: () => {
        begun.resolve();
        return new Promise(() => {});
      },
    },
    environments: ["devnet"],
  });
  await begun.promise;
  await vi.advanceTimersByTimeAsync(30_000);
  expect((await checks).at(-1)).toMatchObject({
    status: "problem",
    message: "2 targets could not be examined: there was no answer within 30 s",
  });
});

test("what does not fit the policy is a problem, and nobody is asked about it", async () => {
  const asked: string[] = [];
  const checks = await examined({
    file: FILE.replace("artifact: app,", "artifact: app, environments: [mainnet],"),
    policy: "version: 1\nproject: shop\nenvironments: { devnet: {} }\nservices: { api: { tier: backend, deploy: { noop: {} } } }\n",
    driver: { examine: async () => [finding({ subject: String(asked.push("asked")) })] },
  });
  expect(checks.every(({ status, name }) => status === "problem" && name === "sluice.yaml")).toBe(true);
  expect(checks[0]?.message).toContain("`mainnet`, which policy does not have");
  expect(asked).toEqual([]);
});
