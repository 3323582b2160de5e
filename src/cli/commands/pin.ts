import { Option, type Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { commitText } from "./shown.ts";

type Options = { readonly reason: string; readonly yes?: boolean };

export function addPin(program: Command, perform: Perform): void {
  const command = program
    .command("pin")
    .description("Keep a target at a commit: deploy all and rollbacks skip it, and say so. Named by itself it still goes")
    .argument("<target>", "the target, such as indexer@mainnet", said)
    .argument("<commit>", "the commit, which may be abbreviated", said)
    .addOption(new Option("--reason <text>", "why, shown wherever it is skipped").argParser(said).makeOptionMandatory())
    .addOption(yesOption())
    .action(perform(pin));
  examples(command, [
    ['sluice pin indexer@mainnet 4f9c2d1 --reason "reindexes until friday"', "`sluice unpin indexer@mainnet` lets it go on"],
  ]);
}

async function pin(session: Session, target: string, ref: string, options: Options): Promise<ExitCode> {
  const { client } = await session.connect("act");
  const commit = await answer(client.GET("/api/v1/commits/{id}", { params: { path: { id: ref } } }));
  await session.confirm(`Pin ${target} at ${commitText(commit.id, commit.subject)}?`, options.yes);
  const pinned = await answer(
    client.POST("/api/v1/targets/{id}/pin", {
      params: { path: { id: target }, header: { "idempotency-key": idempotencyKey() } },
      body: { commit: commit.id, reason: options.reason },
    }),
  );
  if (session.json) session.printJson(pinned);
  else {
    session.print(`${target} is pinned at ${commitText(commit.id, commit.subject)} until \`sluice unpin ${target}\``);
    if (pinned.commit !== commit.id)
      session.note(`It is not live there: sluice deploy ${pinned.service} --env ${pinned.environment} --commit ${commit.id}`);
  }
  return EXIT.done;
}
