import { transition } from "../../../../src/core/run/transition.ts";
import { actOf } from "./acts.ts";
import { drain } from "./drain.ts";
import type { Core } from "./orchestrator.ts";
import { Play } from "./player.ts";
import type { Story } from "./story.ts";
import type { World } from "./world.ts";

export type { Core } from "./orchestrator.ts";
/** One random act: what, and three numbers that choose among what there is when it happens. */
export type Token = readonly [act: number, a: number, b: number, c: number];
/** `bias`: which acts come more often than others. */
export type History = { readonly setup: number; readonly bias: number; readonly tokens: readonly Token[] };

/** Plays a history with every invariant watched, then lets everything end. Throws a `Violation`. */
export function play(history: History, core: Core = { transition }, story?: Story): World {
  const player = new Play(history.setup, core, story);
  for (const [act, a, b, c] of history.tokens) actOf(act, history.bias)(player, a, b, c);
  drain(player);
  return player.world;
}
