import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";
import { splitWords } from "./words.ts";

const shape = z.strictObject({
  path: z.string().min(1).default(".").describe("Folder of the repository that is bundled; `.` is all of it."),
  command: z
    .union([
      z.string().superRefine((text, context) => {
        const words = splitWords(text);
        if ("problem" in words) context.addIssue({ code: "custom", message: words.problem });
      }),
      z.array(z.string().min(1)).min(1),
    ])
    .optional()
    .describe("Build command, run in that folder without a shell: a list, or a text that is split at blanks (quotes keep blanks)."),
  output: z
    .string()
    .min(1)
    .optional()
    .describe("Folder below `path` that holds what was built and becomes the artifact; without it, all of `path` does."),
});

export type BundleConfig = z.input<typeof shape>;

export const schema = adapterSchema("builder", "bundle", shape, { keys: ["path", "output"], inside: "repository" });
