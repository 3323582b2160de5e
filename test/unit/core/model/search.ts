import fc from "fast-check";
import { type Bias, BIASES } from "./acts.ts";
import { type Core, type History, play } from "./play.ts";
import { SETUPS } from "./setup.ts";
import { Story } from "./story.ts";
import { Violation } from "./violation.ts";

const byte = fc.nat(1023);
// a history is made shorter by leaving acts out, not by turning them into others
const acts = (maxLength: number) => fc.array(fc.noShrink(fc.tuple(byte, byte, byte, byte)), { maxLength, size: "max" });

export type SearchOptions = {
  readonly shorten?: boolean;
  /** Acts of a history at most; what follows from them is played to its end. */
  readonly longest?: number;
  /** What histories are to be about, where not about anything. */
  readonly about?: Bias;
  /** Bits that every setup has, and that none has. */
  readonly setup?: number;
  readonly clear?: number;
};

const histories = ({ about, setup = 0, clear = 0, longest = 64 }: SearchOptions): fc.Arbitrary<History> =>
  fc.record({
    setup: fc.noShrink(fc.nat(SETUPS - 1)).map((bits) => (bits & ~clear) | setup),
    bias: about === undefined ? fc.noShrink(fc.nat(BIASES.length - 1)) : fc.constant(BIASES.indexOf(about)),
    tokens: acts(longest),
  });

/** Plays random histories until one breaks a rule; null: none did. The history is as short as it could be made, and told in words. */
export function search(runs: number, seed: number, core?: Core, options: SearchOptions = {}): string | null {
  const found = fc.check(
    fc.property(histories(options), (history) => void play(history, core)),
    { numRuns: runs, seed, endOnFailure: options.shorten === false },
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
