import type { Act } from "./acts.ts";
import { COMMITS } from "../history.ts";
import { ENVIRONMENTS, pick, type Play, SERVICES } from "./player.ts";
import { has } from "./setup.ts";
import type { DeployPart } from "./world.ts";

const LINE = ["c1", "c2", "c3", "c4"];
/** They start runs; Ana and Ben approve what the other has started. */
export const AUTHORS = ["ana", "ben"];

function start(p: Play, commit: string, part: DeployPart): void {
  // nobody can ask for what git does not know any more
  p.world.tryDeploy(p.world.gone.has(commit) ? "f4" : commit, part);
}

export const deploy: Act = (p, a, b, c) => {
  const any = a % 5 === 0 && !has(p.setup, "line");
  const commit = pick(any ? Object.keys(COMMITS) : LINE, b) ?? "c1";
  const services = c % 5 < 3 ? null : [pick(SERVICES, c) ?? "api"];
  start(p, commit, {
    services,
    environments: a % 4 === 3 ? [pick(ENVIRONMENTS, b) ?? "devnet"] : null,
    by: pick(AUTHORS, c) ?? "ana",
    redeploy: c % 13 === 0,
    acceptDiverged: b % 11 === 0 && !has(p.setup, "line") ? "a hotfix" : null,
    skipNeeds: a % 16 === 3 ? "it is urgent" : null,
    now: c % 7 === 0,
  });
};

/** The next commit of the main line, everywhere or to the first environments. */
export const deployMain: Act = (p, a, b, c) => {
  const newest = Math.max(0, ...[...p.world.asked.values()].map(({ commit }) => LINE.indexOf(commit) + 1));
  const commit = LINE[a % 4 === 0 ? b % LINE.length : Math.min(newest, LINE.length - 1)] ?? "c1";
  start(p, commit, { environments: b % 3 === 0 ? ["devnet"] : null, by: pick(AUTHORS, c) ?? "ana", now: c % 7 === 0 });
};

/** Straight to the gate: what was good before, or what somebody lets through. */
export const deployGated: Act = (p, a, b, c) => {
  start(p, pick(LINE, b) ?? "c1", {
    services: c % 3 === 0 ? [pick(SERVICES, a) ?? "api"] : null,
    environments: ["mainnet"],
    by: pick(AUTHORS, c) ?? "ana",
    skipNeeds: a % 3 > 0 ? "it is urgent" : null,
  });
};

/** Somebody else asks for a commit that is under way already: all of it, or a service. */
export const deployTwin: Act = (p, a, b, c) => {
  const open = [...p.world.state.runs.values()].filter((r) => r.kind === "deploy");
  const run = pick(open, a);
  if (!run) return deploy(p, a, b, c);
  const by = run.by === "ana" && b % 4 > 0 ? "ben" : "ana";
  start(p, run.commit, { services: c % 3 > 0 ? [pick(SERVICES, c) ?? "api"] : null, by, now: c % 11 === 0 });
};

function rollbackOf(p: Play, a: number, b: number, c: number) {
  const environment = pick(ENVIRONMENTS, a) ?? "devnet";
  const snapshots = [...p.world.db.snapshots.values()].filter((s) => s.environment === environment);
  const to = b % 3 === 0 ? pick(snapshots, c)?.id : undefined;
  const services = c % 6 === 0 ? [pick(SERVICES, b) ?? "api"] : null;
  return p.world.prepareRollback(environment, { services, now: b % 4 === 0, ...(to === undefined ? {} : { to }) });
}

export const rollback: Act = (p, a, b, c) => {
  const event = p.prepared ?? rollbackOf(p, a, b, c);
  p.prepared = null;
  if (event !== null && typeof event !== "string") p.world.admit(event);
};

/** A rollback that is looked at now and admitted later, when its plan may be stale. */
export const prepare: Act = (p, a, b, c) => {
  const event = rollbackOf(p, a, b, c);
  if (event !== null && typeof event !== "string") p.prepared = event;
};

export const cancel: Act = (p, a, b) => {
  const run = pick([...p.world.state.runs.keys()], a);
  if (run !== undefined) p.world.send({ type: "run.cancelled", run, by: "ben", now: b % 2 === 0, reason: null });
};

export const retry: Act = (p, a) => {
  const run = pick([...p.world.state.runs.keys()], a);
  if (run !== undefined) p.world.send({ type: "run.retried", run, by: "ben" });
};

/** An ended run stays as it is: its retry is a new one. */
export const retryEnded: Act = (p, a, b) => {
  const ended = [...p.world.asked.keys()].filter((id) => p.world.db.runs.get(id)?.endedAt != null);
  const run = pick(ended, a);
  if (run === undefined) return;
  p.unheard({ type: "run.retried", run, by: "ben" });
  const asked = p.world.asked.get(run);
  if (asked) start(p, asked.commit, { ...asked.part, by: pick(AUTHORS, b) ?? "ana", retryOf: run });
};
