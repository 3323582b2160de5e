import { Option, type Command } from "commander";
import { environmentsOption, examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { ciStep, wavesOption } from "./ci-step.ts";

type Options = { readonly service?: string; readonly env?: string[]; readonly waves: number };

export function addCiPlan(ci: Command, perform: Perform): void {
  const command = ci
    .command("plan")
    .description("Hand on what a deploy of SLUICE_COMMIT would do, as waves of jobs. Changes nothing")
    .addOption(new Option("--service <service>", "only this one (default: all that are not manual)"))
    .addOption(environmentsOption())
    .addOption(wavesOption())
    .action(
      perform((session: Session, { service, env, waves }: Options) =>
        ciStep(session, { step: "plan", services: service === undefined ? null : [service], environments: env ?? null, waves }),
      ),
    );
  examples(command, [
    ["sluice ci plan --waves 3", "outputs `commit`, `waves` and `artifacts`"],
    ["sluice ci plan --service api --waves 1", "of one service, in every environment that it has"],
  ]);
}
