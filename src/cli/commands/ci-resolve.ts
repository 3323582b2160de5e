import type { Command } from "commander";
import { environmentOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep, wavesOption } from "./ci-step.ts";

type Options = { readonly env: string; readonly waves: number };

export function addCiResolve(ci: Command, perform: Perform): void {
  const command = ci
    .command("resolve")
    .description("Hand on what is to be done in one environment: a deploy of SLUICE_COMMIT, or a rollback where it is behind what is live")
    .addOption(environmentOption())
    .addOption(wavesOption())
    .action(perform((session: Session, { env, waves }: Options) => ciStep(session, { step: "resolve", environment: env, waves })));
  examples(command, [["sluice ci resolve --env mainnet --waves 3", "outputs `direction`, `waves`, `to` and `gate`"]]);
}
