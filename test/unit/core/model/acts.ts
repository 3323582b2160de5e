import {
  answerOne,
  again,
  applyOne,
  askRegistry,
  endBadly,
  endOne,
  goWell,
  forcePush,
  freeze,
  pass,
  push,
  pushLater,
  renderAnew,
  restart,
  see,
  settle,
  thaw,
  vanish,
} from "./acts-outside.ts";
import { decide, decideOften, emergency, hold, lock, lockAll, pin, unhold, unlock, unpin } from "./acts-people.ts";
import { cancel, deploy, deployGated, deployMain, deployTwin, prepare, retry, retryEnded, rollback } from "./acts-runs.ts";
import type { Play } from "./player.ts";

export type Act = (p: Play, a: number, b: number, c: number) => void;

/** How often each act comes by itself. */
const ACTS = {
  // first, so that a shorter history is one where less happens
  nothing: [1, () => {}],
  deploy: [12, deploy],
  deployMain: [2, deployMain],
  deployGated: [2, deployGated],
  deployTwin: [4, deployTwin],
  endOne: [46, endOne],
  goWell: [1, goWell],
  endBadly: [1, endBadly],
  applyOne: [5, applyOne],
  answerOne: [14, answerOne],
  approve: [12, (p, a, b, c) => decide(p, a, b, c, "approved")],
  approveOften: [1, decideOften],
  reject: [1, (p, a, b, c) => decide(p, a, b, c, "rejected")],
  emergency: [1, emergency],
  rollback: [6, rollback],
  prepare: [2, prepare],
  cancel: [4, cancel],
  retry: [3, retry],
  retryEnded: [1, retryEnded],
  hold: [2, hold],
  unhold: [4, unhold],
  lock: [2, lock],
  lockAll: [1, lockAll],
  unlock: [2, unlock],
  pin: [1, pin],
  unpin: [1, unpin],
  freeze: [1, freeze],
  thaw: [2, thaw],
  pass: [5, pass],
  again: [4, again],
  settle: [3, settle],
  renderAnew: [2, renderAnew],
  see: [2, see],
  vanish: [2, vanish],
  pushLater: [3, pushLater],
  push: [3, push],
  askRegistry: [2, askRegistry],
  forcePush: [1, forcePush],
  restart: [3, restart],
} as const satisfies Readonly<Record<string, readonly [number, Act]>>;

type Name = keyof typeof ACTS;

/** What a history may be about: how many times more often some acts come then. */
const ABOUT = {
  anything: {},
  /** Who does the same work at once. */
  joining: { deployTwin: 5, cancel: 2, rollback: 0.3, pin: 0, lock: 0 },
  /** Who overtakes whom. */
  overtaking: { deployMain: 8, deploy: 0.3, rollback: 0.2, cancel: 0.3, hold: 0 },
  gates: { deployGated: 10, deploy: 0.3, approve: 2, approveOften: 6, emergency: 2, reject: 2, renderAnew: 2, pass: 2 },
  /** Going back and forth. */
  rollbacks: { rollback: 3, prepare: 2, unhold: 3, deployMain: 3, goWell: 10 },
  /** Going back where a gate is. */
  mainnet: { deployGated: 8, deploy: 0.3, rollback: 2, unhold: 3, approve: 2, approveOften: 6, pass: 0.5 },
  failures: { endBadly: 12, rollback: 2, unhold: 3, retry: 2, hold: 0 },
  /** What is in the way. */
  stops: { lock: 4, lockAll: 4, unlock: 4, pin: 6, unpin: 4, freeze: 6, thaw: 4, hold: 3, unhold: 2 },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<Name, number>>>>>;
export type Bias = keyof typeof ABOUT;
export const BIASES = Object.keys(ABOUT) as readonly Bias[];

const tables = BIASES.map((bias) => {
  const times: Readonly<Partial<Record<Name, number>>> = ABOUT[bias];
  const table: Act[] = [];
  for (const [name, [weight, act]] of Object.entries(ACTS) as [Name, readonly [number, Act]][])
    for (let i = 0; i < Math.ceil(weight * (times[name] ?? 1)); i++) table.push(act);
  return table;
});

export function actOf(number: number, bias: number): Act {
  const table = tables[bias % tables.length] as readonly Act[];
  return table[number % table.length] as Act;
}
