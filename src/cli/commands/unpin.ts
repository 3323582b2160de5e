import type { Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addUnpin(program: Command, perform: Perform): void {
  const command = program
    .command("unpin")
    .description("Let a pinned target go on: deploys and rollbacks take it again")
    .argument("<target>", "the target, such as indexer@mainnet", said)
    .addOption(yesOption())
    .action(perform(unpin));
  examples(command, [["sluice unpin indexer@mainnet", "`sluice status` shows what is pinned"]]);
}

async function unpin(session: Session, target: string, options: { readonly yes?: boolean }): Promise<ExitCode> {
  const { client } = await session.connect("act");
  await session.confirm(`Unpin ${target}?`, options.yes);
  const unpinned = await answer(
    client.POST("/api/v1/targets/{id}/unpin", { params: { path: { id: target }, header: { "idempotency-key": idempotencyKey() } } }),
  );
  if (session.json) session.printJson(unpinned);
  else session.print(`${target} is not pinned any more`);
  return EXIT.done;
}
