import fc from "fast-check";
import { BIASES_COUNT } from "./acts.ts";
import { type Core, type History, play } from "./play.ts";
import { SETUPS } from "./setup.ts";
import { Story } from "./story.ts";
import { Violation } from "./violation.ts";

const byte = fc.nat(1023);
const histories: fc.Arbitrary<History> = fc.record({
  setup: fc.noShrink(fc.nat(SETUPS - 1)),
  bias: fc.noShrink(fc.nat(BIASES_COUNT - 1)),
  // a history is made shorter by leaving acts out, not by turning them into others
  tokens: fc.array(fc.noShrink(fc.tuple(byte, byte, byte, byte)), { maxLength: 80, size: "max" }),
});

/** Plays random histories until one breaks a rule; null: none did. The history is as short as it could be made, and told in words. */
export function search(runs: number, seed: number, core?: Core, options: { readonly shorten: boolean } = { shorten: true }): string | null {
  const found = fc.check(
    fc.property(histories, (history) => void play(history, core)),
    { numRuns: runs, seed, endOnFailure: !options.shorten },
  );
  if (!found.failed) return null;
  const [history] = found.counterexample ?? [];
  return history ? tell(history, core, `seed ${seed}, after ${found.numRuns} histories`) : "a history that cannot be told";
}

/** A history in words, with what it broke. */
function tell(history: History, core: Core | undefined, where: string): string {
  const story = new Story();
  try {
    play(history, core, story);
  } catch (error) {
    const said = error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error);
    return `${said}\n(${where}, setup ${history.setup})\n\n  ${story.lines.join("\n  ")}\n\nas data: ${JSON.stringify(history)}\n`;
  }
  return `a history that failed once and then no more: ${JSON.stringify(history)}`;
}
