import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";

const shape = z.strictObject({
  run: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      "Program and arguments, run without a shell in a checkout of the commit. It says the artifact's digest; see the builder's README.",
    ),
  path: z.string().min(1).default(".").describe("Folder of the repository that is checked out for it; `.` is all of it."),
});

export type CommandBuilderConfig = z.input<typeof shape>;

export const schema = adapterSchema("builder", "command", shape, { keys: ["path"], inside: "repository" });
