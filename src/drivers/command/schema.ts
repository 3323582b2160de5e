import * as z from "zod";
import type { AdapterSchema, JsonObject } from "../../core/config/config.ts";

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

export const schema: AdapterSchema = {
  name: "command",
  kind: "driver",
  jsonSchema: z.toJSONSchema(shape, { io: "input" }) as JsonObject,
  check: (config) =>
    shape.safeParse(config).error?.issues.map(({ path, message }) => ({ path: path.filter((key) => typeof key !== "symbol"), message })) ??
    [],
};
