import { describe, expect, test } from "vitest";
import type { Config } from "../../../src/core/config/config.ts";
import { type DeployPlanInput, planDeploy } from "../../../src/core/plan/deploy.ts";
import type { Plan } from "../../../src/core/plan/plan.ts";
import { configOf } from "../config/files.ts";
import allByStream from "./golden/all-by-stream.json" with { type: "json" };
import allByWave from "./golden/all-by-wave.json" with { type: "json" };
import oneService from "./golden/one-service.json" with { type: "json" };
import { approval, artifact, environment, policyOf, service, verify } from "./harbor.ts";

/** Four backends with gaps, a frontend that needs them all and one that names its own, a manual service. */
const HARBOR: Config = {
  project: "harbor",
  artifacts: { mega: artifact(), pages: artifact({ perEnvironment: true, config: { address: "${variables.ADDRESS}" } }) },
  services: {
    web: service({ tier: "frontend", artifact: "pages", verify: verify({ http: "http://web.${environment}/", soakMs: 60_000 }) }),
    admin: service({ tier: "frontend", needs: ["api"] }),
    indexer: service({ needs: ["api"], environments: ["devnet", "mainnet"] }),
    api: service(),
    payments: service({ environments: ["canary", "mainnet"], artifact: null }),
    backfill: service({ manual: true }),
  },
  policy: policyOf({
    devnet: environment({ order: "any", variables: { ADDRESS: "devnet.example" } }),
    canary: environment({ needs: ["devnet"], variables: { ADDRESS: "canary.example" } }),
    mainnet: environment({ needs: ["devnet", "canary"], approval: approval(), variables: { ADDRESS: "mainnet.example" } }),
  }),
};
const COMMIT = "5f0c".repeat(10);

const planned = (part: Partial<DeployPlanInput> = {}) =>
  planDeploy({ release: HARBOR, policy: HARBOR.policy, commit: COMMIT, services: null, environments: null, promotion: null, ...part });
function planOf(part: Partial<DeployPlanInput> = {}): Plan {
  const result = planned(part);
  if (!("plan" in result)) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}
/** What a person would draw: steps and what each comes after. */
const drawn = (plan: Plan) => ({
  notes: plan.notes,
  steps: plan.steps.map(({ id, kind, needs, after }) => ({ id, kind, needs, ...(after.length > 0 ? { after } : {}) })),
});
const needsOf = (plan: Plan, step: string) => plan.steps.find((s) => s.id === step)?.needs;

describe("a deploy's plan", () => {
  test("of everything by wave", () => {
    expect(drawn(planOf())).toEqual(allByWave);
  });
  test("of everything by stream", () => {
    expect(drawn(planOf({ promotion: "stream" }))).toEqual(allByStream);
  });
  test("of one service", () => {
    expect(drawn(planOf({ services: ["web"] }))).toEqual(oneService);
  });

  test("has the ids of the glossary, each once, and names only its own steps, earlier ones first", () => {
    const plan = planOf();
    const ids = plan.steps.map((s) => s.id);
    for (const id of ids) expect(id).toMatch(/^(build:(mega|pages@\w+)|gate:mainnet|(deploy|verify|soak):\w+@\w+)$/);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [i, step] of plan.steps.entries()) for (const need of step.needs) expect(ids.slice(0, i)).toContain(need);
  });

  test("is the same however often and in whatever order it is asked for", () => {
    expect(planOf()).toEqual(planOf());
    expect(planOf({ services: ["web", "api", "api"] })).toEqual(planOf({ services: ["api", "web"] }));
    const turned = Object.fromEntries(Object.entries(HARBOR.services).toReversed());
    expect(planOf({ release: { ...HARBOR, services: turned } }).fingerprint).toBe(planOf().fingerprint);
  });

  test.each<readonly [string, Partial<DeployPlanInput>]>([
    ["commit", { commit: "c0de".repeat(10) }],
    ["members", { services: ["api"] }],
    [
      "policy",
      {
        policy: policyOf({
          ...HARBOR.policy.environments,
          mainnet: environment({ needs: ["devnet", "canary"], approval: approval({ count: 2 }) }),
        }),
      },
    ],
    ["definitions", { release: { ...HARBOR, services: { ...HARBOR.services, api: service({ paths: ["services/api"] }) } } }],
  ])("has another fingerprint for another %s", (_what, part) => {
    expect(planOf(part).fingerprint).not.toBe(planOf().fingerprint);
  });

  test("a frontend needs every backend that is there, or those that it names", () => {
    const plan = planOf();
    expect(plan.members["web@mainnet"]?.definition.needs).toEqual(["api", "backfill", "indexer", "payments"]);
    expect(plan.members["web@canary"]?.definition.needs).toEqual(["api", "backfill", "payments"]);
    expect(plan.members["admin@mainnet"]?.definition.needs).toEqual(["api"]);
    expect(plan.notes).toContain("web@mainnet needs backfill, which is manual and not part of this run");
  });

  test("an environment that a service lacks is replaced by that one's own needs", () => {
    const plan = planOf();
    expect(plan.members["indexer@mainnet"]?.promotesFrom).toEqual(["devnet"]);
    expect(plan.members["payments@canary"]?.promotesFrom).toEqual([]);
    expect(plan.members["api@mainnet"]?.promotesFrom).toEqual(["devnet", "canary"]);
    expect(plan.members["indexer@canary"]).toBeUndefined();
    // without canary in the run, the wave of mainnet is devnet's
    expect(planOf({ environments: ["devnet", "mainnet"] }).steps.find((s) => s.id === "deploy:api@mainnet")?.after).toEqual(["devnet"]);
  });

  test("an artifact per environment is built for each, with its variables; without an artifact nothing is built", () => {
    const plan = planOf();
    expect(plan.artifacts["pages@canary"]).toMatchObject({ name: "pages", environment: "canary", config: { address: "canary.example" } });
    expect(needsOf(plan, "deploy:web@canary")).toContain("build:pages@canary");
    expect(needsOf(plan, "deploy:payments@canary")).toEqual([]);
  });

  test("a service knows the repository of its image, also where each environment has its own", () => {
    const artifacts = {
      mega: artifact({ image: "registry.example/${project}" }),
      pages: artifact({ perEnvironment: true, image: "registry.example/web-${environment}" }),
    };
    const { members } = planOf({ release: { ...HARBOR, artifacts } });
    expect(members["api@canary"]?.definition.image).toBe("registry.example/harbor");
    expect(members["web@canary"]?.definition.image).toBe("registry.example/web-canary");
    expect(members["payments@canary"]?.definition).not.toHaveProperty("image");
    expect(planOf().members["api@canary"]?.definition).not.toHaveProperty("image");
  });

  test("a target knows the one cluster that its environment names", () => {
    const policy = { ...HARBOR.policy, environments: { ...HARBOR.policy.environments, canary: environment({ cluster: "uid" }) } };
    const { members } = planOf({ policy });
    expect(members["api@canary"]?.definition.cluster).toBe("uid");
    expect(members["api@devnet"]?.definition).not.toHaveProperty("cluster");
  });

  test("a target knows which objects policy lets it have: what is in no namespace only by policy's word where namespaces are said", () => {
    const allowedBy = (allow: string) => {
      const { policy } = configOf(
        `version: 1\nproject: harbor\nenvironments: { devnet: { allow: ${allow} } }\nservices: { api: { tier: backend, deploy: { process: { command: [a] } } } }\n`,
      );
      const { members } = planOf({ policy: { ...HARBOR.policy, environments: { ...HARBOR.policy.environments, ...policy.environments } } });
      return members["api@devnet"]?.definition.allowed;
    };
    expect(allowedBy("{ contexts: [dev] }")).toBeUndefined();
    expect(allowedBy("{ namespaces: [a, b] }")).toEqual({ namespaces: ["a", "b"], clusterScoped: false });
    expect(allowedBy("{ namespaces: [a], clusterScoped: true }")).toEqual({ namespaces: ["a"], clusterScoped: true });
    expect(allowedBy("{ clusterScoped: false }")).toEqual({ namespaces: null, clusterScoped: false });
  });

  test("a manual service is left out of everything and said so, but goes by its name", () => {
    expect(planOf().members["backfill@devnet"]).toBeUndefined();
    expect(planOf().notes).toContain("backfill is manual and left out: sluice deploy backfill");
    expect(Object.keys(planOf({ services: ["backfill"] }).members)).toEqual(["backfill@devnet", "backfill@canary", "backfill@mainnet"]);
  });

  test("teams become persons", () => {
    const gate = approval({ approvers: ["team:release", "zoe", "ana"] });
    const policy = {
      teams: { release: ["ana", "ben"] },
      environments: { ...HARBOR.policy.environments, mainnet: environment({ approval: gate, deployers: ["team:release"] }) },
    };
    expect(planOf({ policy }).environments["mainnet"]).toMatchObject({ approvers: ["ana", "ben", "zoe"], deployers: ["ana", "ben"] });
  });

  test.each<readonly [string, Partial<DeployPlanInput>]>([
    ["unknown-service", { services: ["api", "apy"] }],
    ["unknown-environment", { environments: ["testnet"] }],
    ["nothing-to-deploy", { services: ["payments"], environments: ["devnet"] }],
  ])("is refused: %s", (code, part) => {
    const result = planned(part);
    expect("problems" in result && result.problems.map((p) => p.code)).toEqual([code]);
  });
});
