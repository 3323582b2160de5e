import type { z } from "@hono/zod-openapi";
import type { GithubStatus } from "../../contract/schemas/github.ts";
import { instant } from "./runs.ts";

/** How a server stands with GitHub. Times are ms since 1970. */
export type GithubStanding = {
  readonly as: "app" | "token";
  readonly repository: string;
  readonly budgets: readonly { readonly resource: string; readonly left: number; readonly limit: number; readonly resetsAt: number }[];
  readonly pausedUntil: number | null;
  readonly waiting: readonly {
    readonly what: string;
    readonly count: number;
    readonly problem: string | null;
    readonly nextAt: number | null;
  }[];
};

export const presentGithub = (standing: GithubStanding | null): z.infer<typeof GithubStatus> => ({
  connection: standing && {
    ...standing,
    budgets: standing.budgets.map((budget) => ({ ...budget, resetsAt: instant(budget.resetsAt) })),
    pausedUntil: standing.pausedUntil === null ? null : instant(standing.pausedUntil),
    waiting: standing.waiting.map((each) => ({ ...each, nextAt: each.nextAt === null ? null : instant(each.nextAt) })),
  },
});
