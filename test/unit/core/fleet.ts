import type { Config } from "../../../src/core/config/config.ts";
import { planDeploy } from "../../../src/core/plan/deploy.ts";
import type { Effect } from "../../../src/core/run/effects.ts";
import type { Event } from "../../../src/core/run/events.ts";
import { State } from "../../../src/core/run/state.ts";
import { transition } from "../../../src/core/run/transition.ts";
import { approval, artifact, environment, policyOf, service } from "./harbor.ts";

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

/** The core's own time for a run in which everything succeeds at once, in ms a step. */
export function costOf(services: number): { readonly steps: number; readonly perStep: number; readonly plan: number } {
  const config = fleet(services);
  const began = performance.now();
  const planned = planDeploy({ release: config, policy: config.policy, commit: "c1", services: null, environments: null, promotion: null });
  if (!("plan" in planned)) throw new Error("no plan");
  const { plan } = planned;
  const planMs = performance.now() - began;
  const state = new State();
  const effects: Effect[] = [];
  let spent = 0;
  const send = (event: Event) => {
    const start = performance.now();
    const outcome = transition(state, event);
    state.apply(outcome.changes);
    spent += performance.now() - start;
    if (!outcome.answer.ok) throw new Error(outcome.answer.message);
    effects.push(...outcome.effects);
  };
  const base = {
    run: "r1",
    nonce: "n",
    plan,
    by: "ana",
    reason: null,
    policyCommit: null,
    retryOf: null,
    goodBefore: [],
    built: [],
    decided: [],
  };
  send({ type: "deploy.admitted", at: 1, ...base, options: { redeploy: false, acceptDiverged: null } });
  for (let i = 0; i < effects.length; i++) {
    send(answerTo(effects[i] as Effect));
    if (i === effects.length - 1 && state.steps.get("r1", "gate:mainnet")?.status === "waiting")
      send({
        type: "gate.decided",
        at: 1,
        id: "d1",
        by: "ana",
        verdict: "approved",
        commit: "c1",
        environment: "mainnet",
        comment: null,
        expect: null,
      });
  }
  if (state.runs.get("r1")?.status !== "succeeded") throw new Error("the run did not succeed");
  return { steps: plan.steps.length, perStep: spent / plan.steps.length, plan: planMs };
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
      const renders = effect.targets.map((t) => [t.target, { fingerprint: t.definitionDigest }]);
      return { type: "render.known", at: 1, run: effect.run, renders: Object.fromEntries(renders) };
    }
    case "attempt.stop":
    case "relation.ask":
      throw new Error(`${effect.type} was not expected`);
  }
}
