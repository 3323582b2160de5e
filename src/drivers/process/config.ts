import type { Digest } from "../../core/config/config.ts";
import { parseDuration } from "../../core/config/duration.ts";
import { interpolateLate } from "../../core/config/variables.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { ProcessConfig } from "./schema.ts";

export type Settings = {
  readonly command: readonly string[];
  readonly directory: string;
  readonly health: string | null;
  readonly port: number | null;
  readonly readyTimeoutMs: number;
};

/** The driver's part of a definition, its `${digest}` filled in. What it may say was checked when the plan was made, but for a port that comes out of a variable. */
export function settingsOf(definition: Definition, digest: Digest | null): Settings {
  const {
    command,
    directory = ".",
    health = "/healthz",
    port,
    readyTimeout = "30s",
  } = interpolateLate(definition.config, { digest, url: null }) as ProcessConfig;
  const number = port === undefined ? null : Number(port);
  if (number !== null && !(Number.isInteger(number) && number >= 1 && number <= 65_535))
    throw new Error(`the port of ${definition.service} is ${JSON.stringify(port)}, which is no number from 1 to 65535`);
  return { command, directory, health, port: number, readyTimeoutMs: parseDuration(readyTimeout) ?? 30_000 };
}
