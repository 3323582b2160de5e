import type { EnvironmentId } from "../../../../src/core/config/config.ts";
import type { CommitId } from "../../../../src/core/config/config.ts";
import { MINUTE } from "../harbor.ts";
import type { Act } from "./acts.ts";
import { AUTHORS } from "./acts-runs.ts";
import { ENVIRONMENTS, pick, type Play, SERVICES } from "./player.ts";
import { has } from "./setup.ts";

/** Who may approve. */
export const PEOPLE = [...AUTHORS, "zoe", "yan"];

/** Gates that wait; where policy lets people decide early, also those that will. */
function gatesOf(p: Play, early: boolean): readonly { readonly commit: CommitId; readonly environment: EnvironmentId }[] {
  const found: { readonly commit: CommitId; readonly environment: EnvironmentId }[] = [];
  for (const row of p.world.state.steps.values())
    if (row.kind === "gate" && (row.status === "waiting" || (early && row.status === "pending")))
      found.push({ commit: p.world.state.runs.get(row.run)?.commit ?? "", environment: row.id.slice("gate:".length) });
  return found;
}

/** One person decides one gate: all that waits there, or some of it. */
export function decide(p: Play, a: number, b: number, c: number, verdict: "approved" | "rejected"): void {
  const gate = pick(gatesOf(p, has(p.setup, "early") && c % 2 === 0), a);
  if (!gate) return;
  const part = c % 5 === 4 ? { services: SERVICES.filter((_, i) => i !== c % 3) } : {};
  p.decide(pick(PEOPLE, b) ?? "zoe", verdict, gate.commit, gate.environment, part);
}

/** Everybody who may approves. */
export const decideOften: Act = (p, a, _b, c) => {
  const gate = pick(gatesOf(p, has(p.setup, "early") && c % 2 === 0), a);
  if (gate) for (const by of PEOPLE) p.decide(by, "approved", gate.commit, gate.environment);
};

/** Cy is named for it; others try. */
export const emergency: Act = (p, a, b) => {
  const gate = pick(gatesOf(p, has(p.setup, "early")), a);
  if (gate) p.decide(b % 4 === 0 ? "zoe" : "cy", "approved", gate.commit, gate.environment, { emergency: true });
};

export const hold: Act = (p, a) => {
  p.world.send({ type: "environment.held", environment: pick(ENVIRONMENTS, a) ?? "devnet", by: "ben", reason: "an incident" });
};

export const unhold: Act = (p, a) => {
  const held = [...p.world.state.environments.values()].filter((e) => e.hold !== null);
  const environment = pick(held, a)?.id;
  if (environment !== undefined) p.world.send({ type: "environment.unheld", environment, by: "ben" });
};

const untilOf = (p: Play, b: number) => (b % 2 === 0 ? null : p.world.now + (1 + (b % 60)) * MINUTE);

export const lock: Act = (p, a, b) => {
  const target = pick([...p.world.state.targets.keys()], a) as `${string}@${string}` | undefined;
  if (target !== undefined) p.world.send({ type: "target.locked", target, by: "ben", reason: "looking", until: untilOf(p, b) });
};

export const lockAll: Act = (p, a, b) => {
  const environment = pick(ENVIRONMENTS, a) ?? "devnet";
  p.world.send({ type: "environment.locked", environment, by: "ben", reason: "looking", until: untilOf(p, b) });
};

export const unlock: Act = (p, a) => {
  const targets = [...p.world.state.targets.values()].filter((t) => t.lock !== null).map((t) => t.id);
  const environments = [...p.world.state.environments.values()].filter((e) => e.lock !== null).map((e) => e.id);
  const target = pick(targets, a);
  const environment = pick(environments, a);
  if (target !== undefined) p.world.send({ type: "target.unlocked", target, by: "ben" });
  else if (environment !== undefined) p.world.send({ type: "environment.unlocked", environment, by: "ben" });
};

/** Mostly at what is live; sometimes at a commit that is yet to come. */
export const pin: Act = (p, a, b) => {
  const row = pick([...p.world.state.targets.values()], a);
  if (!row?.live) return;
  p.world.send({ type: "target.pinned", target: row.id, commit: b % 4 === 0 ? "c3" : row.live.commit, by: "ben", reason: "it is slow" });
};

export const unpin: Act = (p, a) => {
  const row = pick(
    [...p.world.state.targets.values()].filter((t) => t.pin !== null),
    a,
  );
  if (row) p.world.send({ type: "target.unpinned", target: row.id, by: "ben" });
};
