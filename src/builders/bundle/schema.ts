import * as z from "zod";
import type { AdapterSchema, JsonObject } from "../../core/config/config.ts";
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

export const schema: AdapterSchema = {
  name: "bundle",
  kind: "builder",
  jsonSchema: z.toJSONSchema(shape, { io: "input" }) as JsonObject,
  check(config) {
    const problems =
      shape
        .safeParse(config)
        .error?.issues.map(({ path, message }) => ({ path: path.filter((key) => typeof key !== "symbol"), message })) ?? [];
    const leaves = (["path", "output"] as const).filter((key) => leadsOut(config[key]));
    return [
      ...problems,
      ...leaves.map((key) => ({ path: [key], message: "must be a folder inside the repository, written relative to it" })),
    ];
  },
};

function leadsOut(value: unknown): boolean {
  return typeof value === "string" && (/^(?:[/\\]|[a-zA-Z]:)/.test(value) || value.split(/[/\\]/).includes(".."));
}
