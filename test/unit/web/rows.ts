import type { Schemas } from "../../../src/contract/client.ts";

/** Rows as the API tells them, each with what a test says of it. */
export const AT = "2026-03-01T12:00:00.000Z";

export const target = (id: `${string}@${string}`, more: Partial<Schemas["Target"]> = {}): Schemas["Target"] => ({
  service: id.slice(0, id.indexOf("@")),
  environment: id.slice(id.indexOf("@") + 1),
  commit: "a".repeat(40),
  artifact: null,
  health: "healthy",
  since: AT,
  run: null,
  serving: true,
  good: true,
  queue: 0,
  unknown: null,
  lock: null,
  pin: null,
  unrestored: null,
  ...more,
});

export function step(id: string, status: Schemas["StepStatus"], more: Partial<Schemas["Step"]> = {}): Schemas["Step"] {
  const [kind = "", place = ""] = id.split(":");
  const at = place.indexOf("@");
  return {
    id,
    kind: kind as Schemas["StepKind"],
    status,
    startedAt: null,
    endedAt: null,
    joined: null,
    needs: [],
    attempts: [],
    ...(kind === "gate" ? { environment: place } : at === -1 ? {} : { target: place, environment: place.slice(at + 1) }),
    ...more,
  };
}

export const run = (id: string, steps: Schemas["Step"][], more: Partial<Schemas["RunDetail"]> = {}): Schemas["RunDetail"] => ({
  id,
  kind: "deploy",
  status: "running",
  commit: "b".repeat(40),
  by: "ana",
  reason: null,
  createdAt: AT,
  startedAt: AT,
  endedAt: null,
  environments: ["devnet", "mainnet"],
  promotion: "wave",
  retryOf: null,
  snapshot: null,
  cause: null,
  stopped: null,
  steps,
  ...more,
});

export const approval = (run: string, members: string[], more: Partial<Schemas["PendingApproval"]> = {}): Schemas["PendingApproval"] => ({
  run,
  environment: "mainnet",
  commit: "b".repeat(40),
  fingerprint: "sha256:1",
  set: "sha256:1",
  fingerprints: {},
  members,
  leftOut: [],
  since: AT,
  approvers: [],
  count: 1,
  approved: [],
  emergency: [],
  early: false,
  skipNeeds: null,
  acceptDiverged: null,
  notes: [],
  ...more,
});
