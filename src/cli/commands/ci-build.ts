import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

export function addCiBuild(ci: Command, perform: Perform): void {
  const command = ci
    .command("build")
    .description("Make the artifacts of SLUICE_KEYS from SLUICE_COMMIT, each once; what is there already is taken as it is")
    .action(perform((session: Session) => ciStep(session, { step: "build" })));
  examples(command, [["sluice ci build", "outputs `artifacts`: digests by key"]]);
}
