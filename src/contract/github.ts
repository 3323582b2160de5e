import type { Schemas } from "./client.ts";

type Connection = NonNullable<Schemas["GithubStatus"]["connection"]>;

/** How a server stands with GitHub, in one line; `isBehind`: something is to be told and cannot be now. */
export function githubWords({ as, repository, budgets, pausedUntil, waiting }: Connection): {
  readonly line: string;
  readonly isBehind: boolean;
} {
  const parts = [
    `connected to ${repository} as ${as === "app" ? "an App" : "a token"}`,
    ...budgets.map(
      ({ resource, left, limit, resetsAt }) =>
        `${number(left)} of ${number(limit)} ${resource === "core" ? "" : `${resource} `}requests left until ${time(resetsAt)}`,
    ),
    ...(pausedUntil === null ? [] : [`a limit is waited for until ${time(pausedUntil)}`]),
    ...waiting
      .filter(({ count, problem }) => count > 0 || problem !== null)
      .map(({ what, count, problem, nextAt }) => {
        const why = problem === null ? "" : ` (${problem}${nextAt === null ? "" : `; again at ${time(nextAt)}`})`;
        return count === 1 ? `1 ${singular(what)} waits${why}` : `${number(count)} ${what} wait${why}`;
      }),
  ];
  return { line: parts.join("; "), isBehind: pausedUntil !== null || waiting.some(({ problem }) => problem !== null) };
}

const singular = (words: string): string => words.replace(/(?<=us)es$|s$/, "");
const number = (value: number): string => value.toLocaleString("en-US");
/** Of the day, in UTC. */
const time = (instant: string): string => `${instant.slice(11, 16)} UTC`;
