import type { TargetId } from "../../../../src/core/config/config.ts";
import { HOUR, MINUTE } from "../harbor.ts";
import { COMMITS } from "../history.ts";
import type { Act } from "./acts.ts";
import { ENVIRONMENTS, pick, type Play } from "./player.ts";
import { has } from "./setup.ts";
import { found } from "./orchestrator.ts";
import type { Ending, Told } from "./world.ts";

export const endOne: Act = (p, a, b) => {
  const { running } = p.world;
  const id = pick([...running.keys()], a);
  if (id === undefined) return;
  const is = running.get(id);
  const odd: readonly Ending[] = ["failed", "changed", "errored", "lost", is?.stopping ? "cut" : "lost"];
  const how = is?.stopping && b % 4 > 0 ? "cut" : b % 10 < 7 ? "ok" : (odd[Math.floor(b / 10) % 5] ?? "ok");
  const deploys = is?.spec.kind === "deploy";
  p.world.end(id, is?.applied && how === "failed" ? "changed" : how === "changed" && !deploys ? "failed" : how, a % 2 === 0);
};

/** For a while everything goes well. */
export const goWell: Act = ({ world }, a) => {
  for (let i = 0; i < 1 + (a % 10); i++) {
    world.answerAll();
    for (const id of world.running.keys()) world.end(id, "ok");
  }
};

/** What was applied fails, or its checks say no. */
export const endBadly: Act = (p, a, b) => {
  const running = [...p.world.running].filter(([, { spec }]) => spec.kind !== "build");
  const [id, is] = pick(running, a) ?? [];
  if (id !== undefined) p.world.end(id, is?.spec.kind === "deploy" && (is.applied || b % 3 > 0) ? "changed" : "failed");
};

export const applyOne: Act = (p, a) => {
  const id = pick([...p.world.running.keys()], a);
  if (id !== undefined) p.world.applyNow(id);
};

export const answerOne: Act = (p, a) => {
  const key = pick([...p.world.asks.keys()], a);
  if (key !== undefined) p.world.answer(key);
};

/** Who pushes a commit's image takes time. */
export const pushLater: Act = ({ world }, a) => {
  world.unpushed.add(pick(Object.keys(COMMITS), a) ?? "c1");
};

export const push: Act = ({ world }, a) => {
  const commit = pick([...world.unpushed], a);
  if (commit !== undefined) world.unpushed.delete(commit);
};

/** Where images are could not be asked, or can be again; and a look that was under way when nobody waited any more comes back. */
export const askRegistry: Act = (p, a, b) => {
  const asks = [...p.world.asks.values()].flatMap((x) => (x.type === "artifact.await" ? [x] : []));
  const ask = pick(asks, a);
  const problem = b % 3 === 0 ? null : "it is down";
  if (ask) p.world.send({ type: "artifact.asked", build: ask.build, wait: ask.wait, problem });
  const late = pick(p.world.forgotten, b);
  if (late) p.unheard(found(late));
};

export const freeze: Act = (p, a, b) => {
  const environment = pick(ENVIRONMENTS, a) ?? "devnet";
  p.world.tell({ type: "environment.frozen", environment, until: p.world.now + (1 + (b % 90)) * MINUTE, reason: "a holiday" });
};

export const thaw: Act = (p, a) => {
  const frozen = [...p.world.state.environments.values()].filter((e) => e.freeze !== null);
  const environment = pick(frozen, a)?.id;
  if (environment !== undefined) p.world.send({ type: "environment.thawed", environment });
};

/** Time passes, jumps, or goes back; only sometimes is the core told. */
export const pass: Act = (p, a, b) => {
  const { world } = p;
  world.now = Math.max(0, world.now + (b % 10 === 0 ? -HOUR : b % 10 === 1 ? 30 * HOUR : (a % 40) * MINUTE));
  world.now = Math.max(world.now, world.db.meta.at);
  if (b % 3 > 0) world.send({ type: "tick" });
};

/** What comes twice or late changes nothing, whoever said it. */
export const again: Act = (p, a) => {
  const told = pick(
    p.world.told.filter((t) => mayComeAgain(p, t)),
    a,
  );
  if (!told) return;
  p.unheard(told);
  if (told.type === "attempt.ended") p.unheard({ type: "attempt.lost", attempt: told.attempt });
};

/** An admission is told again while its run is open; what has ended is known by the store alone, which refuses it there. */
function mayComeAgain(p: Play, told: Told): boolean {
  if (told.type === "attempt.ended" || told.type === "attempt.lost" || told.type === "artifact.found") return true;
  if (told.type === "rollback.declined") return true;
  if (told.type === "deploy.admitted" || told.type === "rollback.admitted") return p.world.state.runs.has(told.run);
  return false;
}

export const settle: Act = (p, a, b) => {
  const row = pick(
    [...p.world.state.targets.values()].filter((t) => t.unknown !== null),
    a,
  );
  if (row?.unknown) settleOne(p, row.id, row.unknown.attempt, b % 4 === 0);
};

/** Somebody looked at it, or its driver did. */
export function settleOne(p: Play, target: TargetId, attempt: string, observed: boolean): void {
  const applied = p.world.actual.get(target)?.attempt === attempt;
  if (observed && p.world.options.blind?.has(target) !== true)
    p.world.send({ type: "target.observed", target, observed: p.world.observe(target) });
  else p.world.send({ type: "target.settled", target, by: "ben", applied, reason: "looked at it" });
}

/** A rendering comes out otherwise: what was approved is no longer what would be applied. */
export const renderAnew: Act = (p, a) => {
  const { world } = p;
  const row = pick([...world.state.renders.values()], a);
  if (!row) return;
  const service = row.target.slice(0, row.target.indexOf("@"));
  world.renderings.set(service, (world.renderings.get(service) ?? 0) + 1);
  const fingerprint = world.fingerprint(service, world.state.runs.get(row.run)?.commit ?? "");
  world.send({ type: "render.known", run: row.run, renders: { [row.target]: { fingerprint } } });
};

/** Between runs the engine looks at what is live. */
export const see: Act = (p, a) => {
  const row = pick([...p.world.state.targets.values()], a);
  if (row?.live) p.world.send({ type: "target.watched", target: row.id, entry: row.live.entry, observed: p.world.observe(row.id) });
};

/** Somebody removes what is live, or puts back what was, and the engine looks. */
export const vanish: Act = (p, a, b) => {
  const { world } = p;
  const idle = [...world.state.targets.values()].filter((t) => t.busy === null && t.unknown === null && !world.options.blind?.has(t.id));
  const row = pick(
    idle.filter((t) => (b % 3 > 0 ? t.live && world.actual.has(t.id) : t.gone)),
    a,
  );
  const entry = row?.live ?? row?.gone;
  if (!row || !entry) return;
  const look = { type: "target.watched", target: row.id, entry: entry.entry } as const;
  // who could not look knows nothing of it
  if (row.live && b % 2 === 0) world.send({ ...look, observed: { kind: "error", message: "no answer" } });
  if (row.live) world.vanish(row.id);
  else world.reappear(row.id, { commit: entry.commit, attempt: entry.attempt ?? "" });
  world.send({ ...look, observed: world.observe(row.id) });
};

/** Somebody rewrites the main line: c4 is gone, and f4 is in its place. */
export const forcePush: Act = (p) => {
  if (!has(p.setup, "line")) p.world.gone.add("c4");
};

export const restart: Act = (p) => p.harness.restart();
