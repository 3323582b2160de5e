import { z } from "@hono/zod-openapi";
import { Instant } from "./common.ts";

export const GithubStatus = z
  .object({
    connection: z
      .object({
        as: z.enum(["app", "token"]),
        repository: z.string(),
        budgets: z
          .array(z.object({ resource: z.string(), left: z.int().min(0), limit: z.int().min(0), resetsAt: Instant }))
          .openapi({ description: "Requests that are left, as the last answers said" }),
        pausedUntil: Instant.nullable().openapi({ description: "A limit is waited for" }),
        waiting: z
          .array(
            z.object({
              what: z.string().openapi({ example: "records" }),
              count: z.int().min(0).openapi({ description: "Of what is looked at next; more may come behind it" }),
              problem: z.string().nullable(),
              nextAt: Instant.nullable().openapi({ description: "When it is tried again" }),
            }),
          )
          .openapi({ description: "What GitHub is to be told and was not yet" }),
      })
      .nullable()
      .openapi({ description: "null: this server does not speak to GitHub" }),
  })
  .openapi("GithubStatus");
