import type { Approval, Artifact, Config, Environment, Policy, Service, Verify } from "../../../src/core/config/config.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export function environment(part: Partial<Environment> = {}): Environment {
  return {
    needs: [],
    from: [],
    deployers: [],
    approval: null,
    rollback: null,
    promotion: "wave",
    superseding: "supersede",
    order: "forward",
    onFailure: "stop",
    needsTimeoutMs: HOUR,
    freeze: [],
    emergency: [],
    allow: { contexts: null, namespaces: null, drivers: null, clusterScoped: true },
    variables: {},
    credentials: [],
    ...part,
  };
}

export const approval = (part: Partial<Approval> = {}): Approval => ({
  approvers: ["ana", "ben", "zoe", "yan"],
  count: 1,
  self: false,
  early: false,
  expiresMs: 24 * HOUR,
  ...part,
});

export const verify = (part: Partial<Verify> = {}): Verify => ({ http: null, expect: {}, timeoutMs: MINUTE, soakMs: 0, ...part });

export function service(part: Partial<Service> = {}): Service {
  return {
    tier: "backend",
    paths: [],
    artifact: "mega",
    environments: null,
    needs: null,
    deploy: { driver: "process", config: { command: ["node", "server.js"], environment: "${environment}" }, timeoutMs: 10 * MINUTE },
    verify: null,
    job: false,
    manual: false,
    irreversible: [],
    ...part,
  };
}

export const artifact = (part: Partial<Artifact> = {}): Artifact => ({
  builder: "bundle",
  config: { path: "." },
  perEnvironment: false,
  timeoutMs: HOUR,
  ...part,
});

export const HARBOR = { environments: ["devnet", "canary", "mainnet"], services: ["api", "indexer", "web"] } as const;

/** Two backends and a frontend; the indexer has no canary. */
export function harbor(policy: Partial<Record<"devnet" | "canary" | "mainnet", Partial<Environment>>> = {}, soakMs = 0): Config {
  const checks = verify({ soakMs });
  return {
    project: "harbor",
    artifacts: { mega: artifact() },
    services: {
      api: service({ paths: ["services/api"], verify: checks }),
      indexer: service({ paths: ["services/indexer"], environments: ["devnet", "mainnet"], needs: ["api"] }),
      web: service({ paths: ["apps/web"], tier: "frontend", verify: checks }),
    },
    policy: policyOf({
      devnet: environment(policy.devnet),
      canary: environment({ needs: ["devnet"], ...policy.canary }),
      mainnet: environment({ needs: ["devnet", "canary"], approval: approval(), ...policy.mainnet }),
    }),
  };
}

export const policyOf = (environments: Record<string, Environment>): Policy => ({ teams: {}, environments });
