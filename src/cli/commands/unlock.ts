import type { Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addUnlock(program: Command, perform: Perform): void {
  const command = program
    .command("unlock")
    .description("Take a lock away: what waited for it starts")
    .argument("<on>", "the target or environment that is locked", said)
    .addOption(yesOption())
    .action(perform(unlock));
  examples(command, [["sluice unlock api@mainnet", "`sluice status` shows what is locked"]]);
}

async function unlock(session: Session, on: string, options: { readonly yes?: boolean }): Promise<ExitCode> {
  const { client } = await session.connect("act");
  await session.confirm(`Unlock ${on}?`, options.yes);
  const params = { path: { id: on }, header: { "idempotency-key": idempotencyKey() } };
  const unlocked = on.includes("@")
    ? await answer(client.POST("/api/v1/targets/{id}/unlock", { params }))
    : await answer(client.POST("/api/v1/environments/{id}/unlock", { params }));
  if (session.json) session.printJson(unlocked);
  else session.print(`${on} is not locked any more`);
  return EXIT.done;
}
