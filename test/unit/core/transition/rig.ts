import type { CommitId, Config, EnvironmentId, TargetId } from "../../../../src/core/config/config.ts";
import type { Answer } from "../../../../src/core/run/events.ts";
import type { RunId, TargetRow } from "../../../../src/core/run/rows.ts";
import { harbor } from "../harbor.ts";
import { Invariants } from "../model/invariants.ts";
import { type Ending, World, type WorldOptions } from "../model/world.ts";

/** A world of its own for one story, with every invariant watched. What the core asks is answered at once unless told otherwise. */
export class Rig extends World {
  #decisions = 0;

  constructor(config: Config = harbor(), options: Omit<WorldOptions, "config" | "watch"> = {}) {
    const invariants = new Invariants();
    super({ config, prompt: true, watch: invariants.watch, ...options });
  }

  /** The attempt that runs for a step; of several runs, the first one's unless named. */
  attemptOf(step: string, run?: RunId): string {
    const found = [...this.running.keys()].find((id) => {
      const row = this.db.attempts.get(id);
      return row?.step === step && (run === undefined || row.run === run);
    });
    if (found === undefined) throw new Error(`${step} does not run; what runs: ${this.runs().join(", ") || "nothing"}`);
    return found;
  }
  /** Steps that run, in the order in which they started. */
  runs(): readonly string[] {
    return [...this.running.keys()].map((id) => this.db.attempts.get(id)?.step ?? "");
  }
  /** Ends a step's attempt. */
  done(step: string, how: Ending = "ok", applied = false): void {
    this.end(this.attemptOf(step), how, applied);
  }
  /** Everything that runs succeeds, and what follows from it. */
  finish(): void {
    for (let id = this.running.keys().next().value; id !== undefined; id = this.running.keys().next().value) this.end(id, "ok");
  }

  decide(
    by: string,
    commit: CommitId,
    part: {
      readonly environment?: EnvironmentId;
      readonly verdict?: "approved" | "rejected";
      readonly expect?: string;
      readonly targets?: readonly TargetId[];
      readonly emergency?: boolean;
    } = {},
  ): Answer {
    return this.send({
      type: "gate.decided",
      id: `d${++this.#decisions}`,
      by,
      verdict: part.verdict ?? "approved",
      commit,
      environment: part.environment ?? "mainnet",
      comment: null,
      expect: part.expect ?? null,
      targets: part.targets ?? null,
      emergency: part.emergency ?? false,
    }).answer;
  }
  hold(environment: EnvironmentId): void {
    this.send({ type: "environment.held", environment, by: "ben", reason: "an incident" });
  }
  unhold(environment: EnvironmentId): Answer {
    return this.send({ type: "environment.unheld", environment, by: "ben" }).answer;
  }
  cancel(run: RunId, now = false): Answer {
    return this.send({ type: "run.cancelled", run, by: "ben", now, reason: null }).answer;
  }
  retry(run: RunId): Answer {
    return this.send({ type: "run.retried", run, by: "ben" }).answer;
  }
  /** Time passes, and the core is told. */
  pass(ms: number): void {
    this.now += ms;
    this.send({ type: "tick" });
  }

  /** A release brought everywhere, by Cy, decided by Zoe. */
  everywhere(commit: CommitId): RunId {
    const run = this.started(commit, { by: "cy" });
    this.finish();
    this.decide("zoe", commit);
    this.finish();
    return run;
  }
  /** A deploy that must be possible. */
  started(commit: CommitId, part: Parameters<World["deploy"]>[1] = {}): RunId {
    const run = this.deploy(commit, part);
    if (run === null) throw new Error("there is nothing to deploy");
    return run;
  }

  /** A step as a person sees it: `waiting need api@devnet`, `blocked diverged`, `running`. */
  says(run: RunId, step: string): string {
    const row = this.step(run, step);
    if (!row) return "no such step";
    const about =
      row.reason &&
      ("target" in row.reason
        ? row.reason.target
        : "step" in row.reason
          ? row.reason.step
          : "environment" in row.reason
            ? row.reason.environment
            : "");
    return [row.status, row.reason?.code, about].filter(Boolean).join(" ");
  }
  status(run: RunId): string | undefined {
    return this.db.runs.get(run)?.status;
  }
  target(id: TargetId): TargetRow {
    const row = this.db.targets.get(id);
    if (!row) throw new Error(`${id} is not known`);
    return row;
  }
  /** What is live in an environment: `api c1, indexer c0, web c1`. */
  live(environment: EnvironmentId): string {
    const rows = [...this.db.targets.values()].filter((t) => t.environment === environment).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return rows.map((t) => `${t.service} ${t.live?.commit}`).join(", ");
  }
}

/** c0 is live and good everywhere. */
export function settled(config: Config = harbor(), options: Omit<WorldOptions, "config" | "watch"> = {}): Rig {
  const rig = new Rig(config, options);
  rig.everywhere("c0");
  return rig;
}
