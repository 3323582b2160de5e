import * as z from "zod";
import type { AdapterSchema, JsonObject } from "../../core/config/config.ts";

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

export const schema: AdapterSchema = {
  name: "command",
  kind: "builder",
  jsonSchema: z.toJSONSchema(shape, { io: "input" }) as JsonObject,
  check(config) {
    const problems =
      shape
        .safeParse(config)
        .error?.issues.map(({ path, message }) => ({ path: path.filter((key) => typeof key !== "symbol"), message })) ?? [];
    const { path } = config;
    const leaves = typeof path === "string" && (/^(?:[/\\]|[a-zA-Z]:)/.test(path) || path.split(/[/\\]/).includes(".."));
    return leaves ? [...problems, { path: ["path"], message: "must be a folder inside the repository, written relative to it" }] : problems;
  },
};
