import type { CommitId } from "../core/config/config.ts";
import { isSecret } from "../core/config/credentials.ts";
import type { Definition } from "../core/plan/plan.ts";
import type { Clock } from "./ports/clock.ts";
import type { Driver, LookContext } from "./ports/driver.ts";
import type { Trees } from "./ports/source.ts";

/** What looking at targets takes that nobody changes. */
export type LookParts = {
  readonly project: string;
  readonly home: string;
  readonly clock: Clock;
  readonly driver: (name: string) => Promise<Driver>;
  readonly trees: Trees;
  /** The server's own environment variables, whose values as credentials are hidden. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends every look; absent: nothing does before its time. */
  readonly stop?: AbortSignal;
};

/** Targets that are looked at at once: drivers run programs of their own, and ask servers that others use too. */
export const LOOKS_AT_ONCE = 6;
/** How long all looks of a request may take, in ms: clients wait five minutes for an answer. */
export const ALL_LOOKS_MS = 240_000;

/** How long one look may take, in ms, and until when all may. */
export type Allowance = { readonly ms: number; readonly until: number };

const INTERRUPTED = "it was interrupted";

/** What a driver says within its time. Rejects when that is over or the engine closes, also where the driver does not heed its signal. */
export async function look<T>(
  { home, clock, trees, stop }: Pick<LookParts, "home" | "clock" | "trees" | "stop">,
  allowed: Allowance,
  commit: CommitId,
  act: (context: LookContext) => Promise<T>,
): Promise<T> {
  if (stop?.aborted) throw new Error(INTERRUPTED);
  const ms = Math.min(allowed.ms, allowed.until - clock.now());
  if (ms <= 0) throw new Error("there was no time left for it: others took it all; ask for it by name");
  const over = new AbortController();
  const context = { signal: over.signal, home, tree: (folder: string) => trees(commit, folder) };
  const ended = Promise.withResolvers<never>();
  const end = (why: string): void => {
    const error = new Error(why);
    // before the driver hears of it: its own words say less
    ended.reject(error);
    over.abort(error);
  };
  const closed = (): void => end(INTERRUPTED);
  const done = clock.after(ms, () => end(`there was no answer within ${Math.ceil(ms / 1000)} s`));
  stop?.addEventListener("abort", closed);
  try {
    return await Promise.race([ended.promise, act(context)]);
  } finally {
    done();
    stop?.removeEventListener("abort", closed);
  }
}

/** Shorter values are everywhere, and hide nothing. */
const SHORTEST_SECRET = 4;
const SHORTEST_LINE = 8;

/** Drivers name credentials and do not know their values. A chart or a message may hold one all the same; and a variable of a credential's name is one. */
export function secretsOf(definitions: readonly (Definition | null)[], env: LookParts["env"]): readonly string[] {
  const values = definitions.flatMap((d) =>
    d ? d.credentials.flatMap((name) => [env[name] ?? "", d.variables[name] ?? ""].filter((value) => isSecret(name, value))) : [],
  );
  // a text that is indented holds a value of several lines one by one
  const lines = values.flatMap((value) => value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE));
  return [...new Set([...values, ...lines])].filter((v) => v.length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
}

/** Also as it is written inside a quoted string. */
export const masked = (text: string, secrets: readonly string[]): string =>
  secrets.flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]).reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
