import type { Command } from "commander";
import { environmentOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

type Options = { readonly env: string };

export function addCiGate(ci: Command, perform: Perform): void {
  const command = ci
    .command("gate")
    .description("Fail unless the workflow run has passed an environment's gate by an approval that policy counts")
    .addOption(environmentOption())
    .action(perform((session: Session, { env }: Options) => ciStep(session, { step: "gate", environment: env })));
  examples(command, [["sluice ci gate --env mainnet", "in the job that GitHub holds at mainnet-approval"]]);
}
