import { createRoute, z } from "@hono/zod-openapi";
import { Problem } from "../schemas/common.ts";

export const base = "/api/v1";

export const json = <T extends z.ZodType>(schema: T, description: string) => ({ description, content: { "application/json": { schema } } });
export const body = <T extends z.ZodType>(schema: T) => ({ required: true as const, content: { "application/json": { schema } } });
export const problem = (description: string) => ({ description, content: { "application/problem+json": { schema: Problem } } });
export const idParam = z.object({ id: z.string().min(1).max(200) });

/** The same key with the same request is answered as before, with another request 422 `key-reused`. */
export const mutationHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(8)
    .max(200)
    .optional()
    .openapi({ description: "Chosen by the caller, one for each act; repeats are answered as the first was" }),
});

/** Every operation may end in a problem; listed once as the default response. */
export const failures = { default: problem("What is wrong and what to do about it") };

export { createRoute };
