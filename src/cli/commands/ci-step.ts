import { Option } from "commander";
import type { CiStep } from "../context.ts";
import type { ExitCode } from "../exit.ts";
import { wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";

/** As many as a plan of a thousand services has levels, at the very most. */
const MOST_WAVES = 50;
export const wavesOption = (): Option =>
  new Option("--waves <n>", "how many waves of jobs the workflow has").argParser(wholeNumber(1, MOST_WAVES)).makeOptionMandatory();

/** Carries out a step; with `--json` what it has handed on is printed as well, last. */
export async function ciStep(session: Session, step: CiStep): Promise<ExitCode> {
  const { exit, data } = await session.context.ci({ ...step, directory: session.directory, json: session.json });
  if (session.json) session.printJson(data);
  return exit;
}
