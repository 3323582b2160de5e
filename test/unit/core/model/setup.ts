import type { Config, TargetId } from "../../../../src/core/config/config.ts";
import { approval, artifact, harbor, HOUR, MINUTE } from "../harbor.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** What policy says, and how the world is, in one number. */
export const SETUP = {
  devnetAny: 1,
  stream: 2,
  two: 4,
  self: 8,
  rollbackApproval: 16,
  soak: 32,
  /** Whatever the core asks is answered at once. */
  prompt: 64,
  queue: 128,
  /** Some drivers cannot tell what is there. */
  blind: 256,
  restore: 512,
  early: 1024,
  /** Commits of the main line alone, one after the other. */
  line: 2048,
  /** The image is made by somebody else. */
  awaited: 4096,
} as const;
export const SETUPS = 8192;
export const has = (setup: number, bit: keyof typeof SETUP): boolean => (setup & SETUP[bit]) > 0;

export const BLIND: ReadonlySet<TargetId> = new Set<TargetId>(["indexer@mainnet", "api@canary"]);

const configs = new Map<number, Config>();
const started = new Map<boolean, World>();

/** The same object for the same policy, so that its plans are made once. */
export function configOf(setup: number): Config {
  const policy = setup & ~(SETUP.prompt | SETUP.blind | SETUP.line);
  const known = configs.get(policy);
  if (known) return known;
  const config = harborOf(policy);
  configs.set(policy, config);
  return config;
}

function harborOf(setup: number): Config {
  const promotion = has(setup, "stream") ? "stream" : "wave";
  const all = {
    superseding: has(setup, "queue") ? "queue" : "supersede",
    onFailure: has(setup, "restore") ? "rollback" : "stop",
  } as const;
  const config = harbor(
    {
      devnet: { ...all, order: has(setup, "devnetAny") ? "any" : "forward" },
      canary: { ...all, promotion },
      mainnet: {
        ...all,
        promotion,
        emergency: ["cy"],
        approval: approval({
          count: has(setup, "two") ? 2 : 1,
          expiresMs: HOUR,
          self: has(setup, "self"),
          early: has(setup, "early"),
        }),
        rollback: has(setup, "rollbackApproval") ? approval({ approvers: ["zoe"], expiresMs: null }) : null,
      },
    },
    has(setup, "soak") ? 2 * MINUTE : 0,
  );
  return has(setup, "awaited") ? { ...config, artifacts: { mega: artifact({ awaits: "registry.example/harbor:${commit}" }) } } : config;
}

/** c0 is live and good everywhere, by the same core. */
export function beginning(setup: number): World {
  const soak = has(setup, "soak");
  const known = started.get(soak);
  if (known) return known;
  const world = new World({ config: configOf(soak ? SETUP.soak : 0), prompt: true });
  const run = world.deploy("c0", { by: "cy" }) ?? "";
  for (let i = 0; i < 500 && world.state.runs.has(run); i++) {
    for (const id of world.running.keys()) world.end(id, "ok");
    world.send({
      type: "gate.decided",
      id: `d0${i}`,
      by: "ben",
      verdict: "approved",
      commit: "c0",
      environment: "mainnet",
      comment: null,
      expect: null,
      targets: null,
      emergency: false,
    });
  }
  if (world.db.runs.get(run)?.status !== "succeeded") throw new Violation("8", "the first run does not end");
  world.now += 48 * HOUR;
  started.set(soak, world);
  return world;
}
