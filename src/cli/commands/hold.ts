import { Option, type Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addHold(program: Command, perform: Perform): void {
  const command = program
    .command("hold")
    .description("Stop every deploy on an environment until someone lifts the hold. What runs goes on; rollbacks do too")
    .argument("<environment>", "the environment", said)
    .addOption(new Option("--reason <text>", "why, shown to whoever waits").argParser(said).makeOptionMandatory())
    .addOption(yesOption())
    .action(perform(hold));
  examples(command, [['sluice hold mainnet --reason "incident 42"', "no deploy starts there"]]);
}

async function hold(
  session: Session,
  environment: string,
  options: { readonly reason: string; readonly yes?: boolean },
): Promise<ExitCode> {
  const { client } = await session.connect("act");
  await session.confirm(`Hold every deploy on ${environment}?`, options.yes);
  const held = await answer(
    client.POST("/api/v1/environments/{id}/hold", {
      params: { path: { id: environment }, header: { "idempotency-key": idempotencyKey() } },
      body: { reason: options.reason },
    }),
  );
  if (session.json) session.printJson(held);
  else session.print(`${environment} is held: no deploy starts there until \`sluice unhold ${environment}\``);
  return EXIT.done;
}
