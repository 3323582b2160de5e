import type { Command } from "commander";
import { environmentOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep } from "./ci-step.ts";

export function addCiDeploy(ci: Command, perform: Perform): void {
  const command = ci
    .command("deploy")
    .description("Bring the services of SLUICE_CHUNK to SLUICE_COMMIT in one environment, or back to SLUICE_TO")
    .addOption(environmentOption())
    .action(perform((session: Session, { env }: { readonly env: string }) => ciStep(session, { step: "deploy", environment: env })));
  examples(command, [["sluice ci deploy --env mainnet", "fails where policy asks for an approval and GitHub tells of none"]]);
}
