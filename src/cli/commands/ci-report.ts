import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

export function addCiReport(ci: Command, perform: Perform): void {
  const command = ci
    .command("report")
    .description("Say what the workflow run has changed, and fail where a job of SLUICE_NEEDS has")
    .action(perform((session: Session) => ciStep(session, { step: "report" })));
  examples(command, [["sluice ci report", "a table of services, commits and links in the job's summary"]]);
}
