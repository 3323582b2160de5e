import type { CommitId, Config, Digest } from "../../../src/core/config/config.ts";
import { planDeploy } from "../../../src/core/plan/deploy.ts";
import type { Definition, Plan } from "../../../src/core/plan/plan.ts";
import { planRollback } from "../../../src/core/plan/rollback.ts";
import type { Effect } from "../../../src/core/run/effects.ts";
import type { Event } from "../../../src/core/run/events.ts";
import type { RelationRow, RunId, SnapshotRow } from "../../../src/core/run/rows.ts";
import { State } from "../../../src/core/run/state.ts";
import { transition } from "../../../src/core/run/transition.ts";
import { approval, artifact, environment, policyOf, service } from "./harbor.ts";

export type Cost = { readonly steps: number; readonly perStep: number; readonly plan: number };

/** A line of two commits that both touch everything. */
const relate = (release: CommitId, live: CommitId): RelationRow =>
  release < live ? { release, live, order: "contains", unmet: [] } : { release, live, order: "behind", unmet: null };

/** Nine of ten services are backends; the frontends need all of them. */
function fleet(services: number): Config {
  const backends = Math.round(services * 0.9);
  const name = (i: number) => `s${String(i).padStart(4, "0")}`;
  const all = Array.from({ length: services }, (_, i) => [
    name(i),
    service({ tier: i < backends ? "backend" : "frontend", paths: [name(i)] }),
  ]);
  return {
    project: "fleet",
    artifacts: { mega: artifact() },
    services: Object.fromEntries(all),
    policy: policyOf({
      devnet: environment({ order: "any" }),
      canary: environment({ needs: ["devnet"] }),
      mainnet: environment({ needs: ["devnet", "canary"], approval: approval({ self: true }) }),
    }),
  };
}

/** The core alone, with everything that it asks for done at once; keeps the time that the core itself took. */
export class Fleet {
  readonly #config: Config;
  readonly #state = new State();
  readonly #definitions = new Map<Digest, Definition>();
  readonly #snapshots: SnapshotRow[] = [];
  #runs = 0;
  #spent = 0;

  constructor(services: number) {
    this.#config = fleet(services);
  }

  /** Brings a commit everywhere. Milliseconds of the core's own: for the plan, and a step. */
  deploy(commit: CommitId): Cost {
    const config = this.#config;
    const began = cpuMs();
    const planned = planDeploy({ release: config, policy: config.policy, commit, services: null, environments: null, promotion: null });
    if (!("plan" in planned)) throw new Error("no plan");
    const options = { redeploy: false, acceptDiverged: null, skipNeeds: null, now: false, named: false };
    const rest = { by: "ana", reason: null, policyCommit: null, retryOf: null, goodBefore: [], built: [], decided: [], options };
    return this.#play(planned.plan, cpuMs() - began, (run) => ({
      type: "deploy.admitted",
      at: 1,
      run,
      nonce: "n",
      plan: planned.plan,
      ...rest,
    }));
  }

  /** Brings mainnet back to the first set that was recorded there. */
  rollback(): Cost {
    const snapshot = this.#snapshots.find((s) => s.environment === "mainnet");
    if (!snapshot) throw new Error("no snapshot");
    const began = cpuMs();
    const { plan, problems } = planRollback({
      project: "fleet",
      policy: this.#config.policy,
      snapshot,
      services: null,
      targets: [...this.#state.targets.values()].filter((t) => t.environment === "mainnet"),
      definitions: this.#definitions,
      environment: null,
      at: 1,
      named: new Set(),
      declared: new Set(Object.keys(this.#config.services)),
      barriers: new Map(),
      gone: new Map(),
      relations: relate,
    });
    if (problems.length > 0) throw new Error(problems[0]?.message);
    const rest = { by: "ana", reason: "slow", snapshot, decided: [], now: false, named: false, cause: null };
    return this.#play(plan, cpuMs() - began, (run) => ({ type: "rollback.admitted", at: 1, run, nonce: "n", plan, ...rest }));
  }

  #play(plan: Plan, planMs: number, admission: (run: RunId) => Event): Cost {
    const run = `r${++this.#runs}`;
    this.#spent = 0;
    const effects: Effect[] = [...this.#send(admission(run))];
    for (let i = 0; i < effects.length; i++) {
      effects.push(...this.#send(answerTo(effects[i] as Effect)));
      if (i === effects.length - 1 && this.#state.steps.get(run, "gate:mainnet")?.status === "waiting") {
        const { commit } = plan.release;
        const decision = {
          id: `d${run}`,
          by: "ana",
          verdict: "approved",
          commit,
          environment: "mainnet",
          comment: null,
          expect: null,
          targets: null,
          emergency: false,
        } as const;
        effects.push(...this.#send({ type: "gate.decided", at: 1, ...decision }));
      }
    }
    if (this.#state.runs.get(run)?.status !== "succeeded") throw new Error("the run did not succeed");
    this.#state.forget(run);
    return { steps: plan.steps.length, perStep: this.#spent / plan.steps.length, plan: planMs };
  }

  #send(event: Event): readonly Effect[] {
    const start = cpuMs();
    const outcome = transition(this.#state, event);
    this.#state.apply(outcome.changes);
    this.#spent += cpuMs() - start;
    if (!outcome.answer.ok) throw new Error(outcome.answer.message);
    for (const change of outcome.changes)
      if (change.table === "definition") this.#definitions.set(change.digest, change.definition);
      else if (change.table === "snapshot") this.#snapshots.push(change.row);
    return outcome.effects;
  }
}

function answerTo(effect: Effect): Event {
  switch (effect.type) {
    case "attempt.start": {
      const digest = effect.attempt.kind === "build" ? "sha256:1" : null;
      return {
        type: "attempt.ended",
        at: 1,
        attempt: effect.attempt.id,
        outcome: "succeeded",
        message: null,
        digest,
        changed: true,
        url: null,
      };
    }
    case "target.observe":
      return { type: "target.observed", at: 1, target: effect.target, observed: { kind: "absent" } };
    case "render.ask": {
      const renders = effect.targets.map((t) => [t.target, { fingerprint: `${t.definitionDigest} ${t.commit}` }]);
      return { type: "render.known", at: 1, run: effect.run, renders: Object.fromEntries(renders) };
    }
    case "relation.ask":
      return { type: "relation.known", at: 1, relation: relate(effect.release, effect.live) };
    case "rollback.ask":
    case "artifact.await":
    case "artifact.forget":
    case "attempt.stop":
      throw new Error(`${effect.type} was not expected`);
  }
}

/** Time that this process has computed, in ms: what else runs on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
