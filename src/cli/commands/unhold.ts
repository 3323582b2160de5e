import type { Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addUnhold(program: Command, perform: Perform): void {
  const command = program
    .command("unhold")
    .description("Lift the hold on an environment: deploys that wait there start again")
    .argument("<environment>", "the environment", said)
    .addOption(yesOption())
    .action(perform(unhold));
  examples(command, [["sluice unhold mainnet", "after an incident or a rollback"]]);
}

async function unhold(session: Session, environment: string, options: { readonly yes?: boolean }): Promise<ExitCode> {
  const { client } = await session.connect("act");
  await session.confirm(`Lift the hold on ${environment}?`, options.yes);
  const lifted = await answer(
    client.POST("/api/v1/environments/{id}/unhold", {
      params: { path: { id: environment }, header: { "idempotency-key": idempotencyKey() } },
    }),
  );
  if (session.json) session.printJson(lifted);
  else session.print(`${environment} is not held any more`);
  return EXIT.done;
}
