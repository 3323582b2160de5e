import type { CommitId, ServiceId } from "../../../src/core/config/config.ts";
import { fingerprint } from "../../../src/core/plan/fingerprint.ts";
import type { Definition } from "../../../src/core/plan/plan.ts";
import type { RollbackPlanInput } from "../../../src/core/plan/preflight.ts";
import { planRollback } from "../../../src/core/plan/rollback.ts";
import type { Live, SnapshotRow, TargetRow } from "../../../src/core/run/rows.ts";
import { environment, MINUTE, policyOf, verify } from "./harbor.ts";
import { relate } from "./history.ts";

const NEEDS: Readonly<Record<ServiceId, readonly ServiceId[]>> = { api: [], indexer: ["api"], web: ["api", "indexer"] };
export const definitionOf = (service: ServiceId): Definition => ({
  service,
  environment: "mainnet",
  tier: service === "web" ? "frontend" : "backend",
  paths: [service],
  driver: "process",
  config: {},
  verify: verify({ soakMs: MINUTE }),
  job: false,
  needs: NEEDS[service] ?? [],
  timeoutMs: MINUTE,
  variables: {},
  credentials: [],
});
export const DEFINITIONS = new Map(Object.keys(NEEDS).map((service) => [fingerprint(definitionOf(service)), definitionOf(service)]));

export const live = (service: ServiceId, commit: CommitId): Live => ({
  entry: 1,
  commit,
  digest: `sha256:${commit}`,
  fingerprint: `${service} ${commit}`,
  definition: fingerprint(definitionOf(service)),
  needs: NEEDS[service] ?? [],
  attempt: "a1",
  run: "r1",
  since: 1,
});
export const row = (service: ServiceId, commit: CommitId, part: Partial<TargetRow> = {}): TargetRow => ({
  id: `${service}@mainnet`,
  service,
  environment: "mainnet",
  live: live(service, commit),
  serving: true,
  good: true,
  lastGood: live(service, commit),
  observed: true,
  unknown: null,
  busy: null,
  queue: [],
  health: "healthy",
  url: null,
  lock: null,
  pin: null,
  unrestored: null,
  ...part,
});
export type ServiceCommits = Readonly<Record<ServiceId, CommitId>>;
export const snapshotOf = (set: ServiceCommits): SnapshotRow => ({
  id: "mainnet-7",
  environment: "mainnet",
  seq: 7,
  at: 1,
  run: "r1",
  release: "c1",
  entries: Object.fromEntries(Object.entries(set).map(([service, commit]) => [`${service}@mainnet`, live(service, commit)])),
});

/** From what is live to what was recorded. */
export function planned(from: ServiceCommits, to: ServiceCommits, part: Partial<RollbackPlanInput> = {}) {
  return planRollback({
    project: "harbor",
    policy: policyOf({ mainnet: environment() }),
    snapshot: snapshotOf(to),
    services: null,
    targets: Object.entries(from).map(([service, commit]) => row(service, commit)),
    definitions: DEFINITIONS,
    gone: new Map(),
    named: new Set(part.services),
    environment: null,
    at: 100,
    declared: new Set(["api", "indexer", "web"]),
    barriers: new Map(),
    relations: relate,
    ...part,
  });
}
export const all = (commit: CommitId): ServiceCommits => ({ api: commit, indexer: commit, web: commit });
export const needsOf = ({ plan }: ReturnType<typeof planned>) =>
  Object.fromEntries(plan.steps.filter((s) => s.kind === "deploy").map((s) => [s.id, s.needs]));
export const said = ({ problems }: ReturnType<typeof planned>) => problems.map((p) => `${p.target}: ${p.message}`);
