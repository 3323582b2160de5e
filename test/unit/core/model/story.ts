import type { Event } from "../../../../src/core/run/events.ts";
import type { Outcome } from "../../../../src/core/run/transition.ts";
import type { World } from "./world.ts";

/** A history as a person would tell it: what happened, and what the core did then. */
export class Story {
  readonly lines: string[] = [];

  readonly tell = (world: World, event: Event, outcome: Outcome): void => {
    const did = outcome.effects.flatMap((e) => {
      if (e.type === "attempt.start") return `starts ${stepOf(world, e.attempt.id)} (${e.attempt.id})`;
      return e.type === "attempt.stop" ? `stops ${stepOf(world, e.attempt)}` : [];
    });
    const ends = outcome.changes.flatMap((c) =>
      c.table === "run" && c.row.endedAt !== null ? `run ${c.row.id} ends ${c.row.status}` : [],
    );
    const steps = outcome.changes.flatMap((c) => {
      if (c.table !== "step" || c.row.status === "pending" || c.row.status === "running" || c.row.kind === "verify") return [];
      return `${c.row.run} ${c.row.id} ${c.row.status}${c.row.reason ? ` (${c.row.reason.code})` : ""}`;
    });
    const refused = outcome.answer.ok ? [] : [`refused: ${outcome.answer.message}`];
    this.lines.push([what(world, event), ...refused, ...did, ...steps, ...ends].join("\n      → "));
  };
}

function stepOf(world: World, attempt: string): string {
  const row = world.db.attempts.get(attempt);
  return `${row?.step} ${world.db.runs.get(row?.run ?? "")?.commit ?? ""}`;
}

function what(world: World, event: Event): string {
  switch (event.type) {
    case "deploy.admitted": {
      const { release, members } = event.plan;
      return `${event.by} deploys ${release.commit} to ${Object.keys(members).join(" ")} as ${event.run}${event.options.acceptDiverged ? ", divergence accepted" : ""}${event.options.redeploy ? ", again" : ""}`;
    }
    case "rollback.admitted":
      return `${event.by} rolls ${event.snapshot.environment} back to ${event.snapshot.id} as ${event.run}: ${Object.entries(
        event.snapshot.entries,
      )
        .map(([t, e]) => `${t} ${e.commit}`)
        .join(", ")}`;
    case "attempt.ended":
      return `${event.attempt} (${stepOf(world, event.attempt)}) ends: ${event.outcome}${event.changed && event.outcome !== "succeeded" ? ", changed" : ""}`;
    case "attempt.lost":
      return `${event.attempt} (${stepOf(world, event.attempt)}) is lost`;
    case "artifact.found":
      return `${event.build} is there`;
    case "artifact.asked":
      return `${event.build} was asked for: ${event.problem ?? "it is not there"}`;
    case "target.observed":
      return `${event.target} is observed: ${event.observed.kind}${event.observed.kind === "live" ? ` ${event.observed.commit} by ${event.observed.attempt}` : ""}`;
    case "relation.known":
      return `git: ${event.relation.live} is ${event.relation.order} to ${event.relation.release}, unmet: ${event.relation.unmet?.join()}`;
    case "render.known":
      return `rendered for ${event.run}: ${Object.keys(event.renders).join(" ")}`;
    case "gate.decided":
      return `${event.by} ${event.verdict} ${event.commit} in ${event.environment}`;
    case "run.cancelled":
      return `${event.by} cancels ${event.run}${event.now ? " now" : ""}`;
    case "run.retried":
      return `${event.by} retries ${event.run}`;
    case "target.settled":
      return `${event.by} settles ${event.target}: ${event.applied ? "applied" : "not applied"}`;
    case "environment.held":
    case "environment.unheld":
      return `${event.environment} is ${event.type.slice("environment.".length)} by ${event.by}`;
    case "target.locked":
    case "target.unlocked":
    case "target.unpinned":
      return `${event.target} is ${event.type.slice("target.".length)} by ${event.by}`;
    case "target.pinned":
      return `${event.target} is pinned at ${event.commit} by ${event.by}`;
    case "environment.locked":
    case "environment.unlocked":
      return `${event.environment} is ${event.type.slice("environment.".length)} by ${event.by}`;
    case "environment.frozen":
    case "environment.thawed":
      return `${event.environment} is ${event.type.slice("environment.".length)}`;
    case "rollback.declined":
      return `${event.cause.target} is not brought back: ${event.message}`;
    case "target.watched":
      return `${event.target} is seen: ${event.observed.kind}`;
    case "tick":
    case "reevaluate":
      return `${event.type} at ${event.at}`;
  }
}
