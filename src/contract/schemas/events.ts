import { z } from "@hono/zod-openapi";
import { Instant, StepId } from "./common.ts";
import { EnvironmentPatch, Target } from "./fleet.ts";
import { Decision } from "./plans.ts";
import { Attempt, Run, StepPatch } from "./runs.ts";

/** A row as it is from now on: put it over what is shown of the same id. */
export const Patch = z
  .discriminatedUnion("table", [
    z.object({ table: z.literal("run"), row: Run }),
    z.object({ table: z.literal("step"), row: StepPatch }),
    z.object({ table: z.literal("attempt"), row: Attempt.extend({ run: z.string(), step: StepId }) }),
    z.object({ table: z.literal("target"), row: Target }),
    z.object({ table: z.literal("environment"), row: EnvironmentPatch }),
    z.object({ table: z.literal("decision"), row: Decision }),
  ])
  .openapi("Patch");

/** `data` of one message of the stream; its `id` is `seq` and its `event` is `type`. */
export const StreamEvent = z
  .object({ seq: z.int(), at: Instant, type: z.string(), run: z.string().nullable(), changes: z.array(Patch) })
  .openapi("StreamEvent");

/** `data` of the first message, `event: hello`. */
export const Hello = z
  .object({
    seq: z.int().openapi({ description: "The newest event there is" }),
    after: z.int().openapi({ description: "The stream goes on behind this one" }),
    reset: z.boolean().openapi({ description: "What was asked for is not in this store's log: fetch everything anew" }),
  })
  .openapi("Hello");
