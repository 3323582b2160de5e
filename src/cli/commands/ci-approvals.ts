import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

export function addCiApprovals(ci: Command, perform: Perform): void {
  const command = ci
    .command("approvals")
    .description("List everything that waits for approval of SLUICE_COMMIT, over all workflow runs, and the commands that approve it")
    .action(perform((session: Session) => ciStep(session, { step: "approvals" })));
  examples(command, [["sluice ci approvals", "what waits, with links, in the job's summary"]]);
}
