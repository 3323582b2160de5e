import type { Command } from "commander";
import { environmentOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep, wavesOption } from "./ci-step.ts";

type Options = { readonly env: string; readonly waves: number };

export function addCiRollback(ci: Command, perform: Perform): void {
  const command = ci
    .command("rollback")
    .description("Find the recorded set to go back to, hold the environment, and hand the set on as waves of jobs. Needs SLUICE_REASON")
    .addOption(environmentOption())
    .addOption(wavesOption())
    .action(perform((session: Session, { env, waves }: Options) => ciStep(session, { step: "rollback", environment: env, waves })));
  examples(command, [
    ["sluice ci rollback --env mainnet --waves 3", "to SLUICE_TO: a recorded set, a commit, a time, or the set that is offered"],
  ]);
}
