import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";

const command = z.array(z.string().min(1)).min(1);

const shape = z.strictObject({
  apply: command.describe("Program and arguments, run without a shell, that bring the target to the release."),
  observe: command
    .optional()
    .describe(
      "Program that prints what is live as JSON, or nothing where nothing is. Without it a lost attempt has to be settled by a person.",
    ),
  rollback: command.optional().describe("Program that brings the target back, where that is done otherwise than by `apply`."),
});

export type CommandConfig = z.input<typeof shape>;

export const schema = adapterSchema("driver", "command", shape);
