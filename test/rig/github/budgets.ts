import type { Token } from "./model.ts";

/** Requests an hour: of a person, of GITHUB_TOKEN in one repository, and of an App. */
const BUDGETS = { person: 5000, installation: 1000, app: 5000 } as const;
const HOUR_MS = 3_600_000;
type Resource = "core" | "graphql";

const resourceOf = (path: string): Resource => (path === "/graphql" ? "graphql" : "core");

/** The primary limits: requests of a token in an hour, for REST and for GraphQL. */
export class Budgets {
  readonly #now: () => number;
  readonly #kindOf: (token: string) => Token["kind"];
  readonly #all = new Map<string, { limit: number; used: number; resetAt: number }>();

  constructor(now: () => number, kindOf: (token: string) => Token["kind"]) {
    this.#now = now;
    this.#kindOf = kindOf;
  }

  set(token: string, left: number, resetAt: number): void {
    for (const resource of ["core", "graphql"])
      this.#all.set(`${resource} ${token}`, { limit: BUDGETS.person, used: BUDGETS.person - left, resetAt });
  }

  of(token: string, resource: Resource) {
    const key = `${resource} ${token}`;
    let budget = this.#all.get(key);
    if (!budget || budget.resetAt <= this.#now()) {
      budget = { limit: BUDGETS[this.#kindOf(token)], used: 0, resetAt: this.#now() + HOUR_MS };
      this.#all.set(key, budget);
    }
    const { limit, used, resetAt } = budget;
    return { limit, used, remaining: Math.max(0, limit - used), reset: Math.ceil(resetAt / 1000) };
  }

  /** False: there was nothing left to spend. */
  spend(token: string, path: string): boolean {
    if (path === "/rate_limit") return true;
    const { remaining } = this.of(token, resourceOf(path));
    const budget = this.#all.get(`${resourceOf(path)} ${token}`);
    if (budget) budget.used += 1;
    return remaining > 0;
  }

  giveBack(token: string): void {
    const budget = this.#all.get(`core ${token}`);
    if (budget) budget.used -= 1;
  }

  headers(token: string, path: string): Record<string, string> {
    const { limit, remaining, reset, used } = this.of(token, resourceOf(path));
    return {
      "content-type": "application/json; charset=utf-8",
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-reset": String(reset),
      "x-ratelimit-used": String(used),
      "x-ratelimit-resource": resourceOf(path),
    };
  }
}
