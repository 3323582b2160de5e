import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";
import { DURATION_PATTERN } from "../../core/config/duration.ts";

/** A number, or a text that becomes one when variables are filled in. */
const port = z.union([
  z.int().min(1).max(65_535),
  z.string().regex(/^([0-9]{1,5}|.*\$\{.+\}.*)$/, "must be a port: a number from 1 to 65535"),
]);

const shape = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe("Program and arguments, run without a shell. It listens on 127.0.0.1 at the port that `PORT` says."),
  directory: z.string().min(1).optional().describe("Folder of the artifact to run it in; all of it if not said."),
  health: z
    .string()
    .regex(/^\//, "must be a path that starts with /")
    .nullable()
    .default("/healthz")
    .describe("Path that answers 2xx when the service is ready; null where an open port is enough."),
  port: port.optional().describe("Port on 127.0.0.1 that clients use. If not said, a free one is chosen once and kept."),
  readyTimeout: z
    .string()
    .regex(new RegExp(DURATION_PATTERN), "must be a duration such as 30s")
    .default("30s")
    .describe("How long a new release may take to become healthy."),
});

export type ProcessConfig = z.input<typeof shape>;

export const schema = adapterSchema("driver", "process", shape, { keys: ["directory"], inside: "artifact" });
