const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** "Rate limits for the REST API", about secondary limits: what one user or App may ask at once, in points a minute, and make. */
const LIMITS = { atOnce: 100, points: { rest: 900, graphql: 2000 }, made: { minute: 80, hour: 500 } } as const;

type Asked = { readonly at: number; readonly points: number; readonly graphql: boolean; readonly makes: boolean };

/** The secondary limits, as they are written down; GitHub has others, of which it says nothing. */
export class Secondary {
  readonly #now: () => number;
  readonly #asked = new Map<string, Asked[]>();
  readonly #underWay = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds for which whoever asks has to pause; null: they may ask. What is refused costs nothing. */
  ask(who: string, method: string, path: string): number | null {
    const now = this.#now();
    const graphql = path === "/graphql";
    const reads = method === "GET" || method === "HEAD";
    const makes = !graphql && !reads && method !== "DELETE" && !path.includes("/access_tokens");
    const all = (this.#asked.get(who) ?? []).filter(({ at }) => at > now - HOUR_MS);
    this.#asked.set(who, all);
    const points = reads || graphql ? 1 : 5;
    const same = all.filter((each) => each.graphql === graphql);
    const made = makes ? all.filter((each) => each.makes) : [];
    const pauses = [
      pause(same, graphql ? LIMITS.points.graphql : LIMITS.points.rest, points, MINUTE_MS, now),
      pause(made.map(one), LIMITS.made.minute, 1, MINUTE_MS, now),
      pause(made.map(one), LIMITS.made.hour, 1, HOUR_MS, now),
      (this.#underWay.get(who) ?? 0) >= LIMITS.atOnce ? MINUTE_MS : 0,
    ];
    const longest = Math.max(...pauses);
    if (longest > 0) return Math.ceil(longest / 1000);
    all.push({ at: now, points, graphql, makes });
    return null;
  }

  begin(who: string): () => void {
    this.#underWay.set(who, (this.#underWay.get(who) ?? 0) + 1);
    return () => void this.#underWay.set(who, (this.#underWay.get(who) ?? 1) - 1);
  }
}

const one = (each: Asked): Asked => ({ ...each, points: 1 });

/** Until enough of the window's has left it, in ms. */
function pause(all: readonly Asked[], limit: number, more: number, windowMs: number, now: number): number {
  const inWindow = all.filter(({ at }) => at > now - windowMs);
  let over = inWindow.reduce((sum, { points }) => sum + points, 0) + more - limit;
  for (const { at, points } of inWindow) {
    if (over <= 0) return 0;
    over -= points;
    if (over <= 0) return at + windowMs - now;
  }
  return 0;
}
