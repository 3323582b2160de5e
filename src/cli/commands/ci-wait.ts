import { Option, type Command } from "commander";
import { environmentOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

type Options = { readonly env: string; readonly service: string };

export function addCiWait(ci: Command, perform: Perform): void {
  const command = ci
    .command("wait")
    .description("Wait until what a service needs serves in an environment, whichever workflow run brings it. Fails when nothing does")
    .addOption(environmentOption())
    .addOption(new Option("--service <service>", "whose needs").makeOptionMandatory())
    .action(perform((session: Session, { env, service }: Options) => ciStep(session, { step: "wait", environment: env, service })));
  examples(command, [["sluice ci wait --env mainnet --service web", "until the backends of SLUICE_COMMIT, or newer ones, serve"]]);
}
