import { availableParallelism } from "node:os";
import { CliError, EXIT } from "../cli/exit.ts";

/** Most of a deploy's time is a cluster's or a service's, not this host's. */
const LEAST = 10;
const MOST = 500;

/** Builds and deploys that run at once: `SLUICE_CONCURRENCY`, else twice the cores and ten at least. Throws `CliError`. */
export function concurrencyOf(env: Readonly<Record<string, string | undefined>>): number {
  const text = env["SLUICE_CONCURRENCY"];
  if (!text) return Math.max(LEAST, 2 * availableParallelism());
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw new CliError(
    EXIT.usage,
    `SLUICE_CONCURRENCY=${text} is no number from 1 to ${MOST}`,
    `Leave it out for twice the cores, and ${LEAST} at least`,
  );
}
