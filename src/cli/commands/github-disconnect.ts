import type { Command } from "commander";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, yesOption } from "../options.ts";
import { listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addGithubDisconnect(group: Command, perform: Perform): void {
  const command = group
    .command("disconnect")
    .description("Forget the key of the App that `sluice github connect` has made, and say where the App itself is deleted")
    .addOption(yesOption())
    .action(perform(disconnect));
  examples(command, [["sluice github disconnect", "ask, and forget it"]]);
}

async function disconnect(session: Session, { yes }: { readonly yes?: boolean }): Promise<ExitCode> {
  const { apps, forget } = await session.context.githubApps({ directory: session.directory });
  if (apps.length === 0) session.note("No App is kept here");
  else {
    await session.confirm(`Forget the key of ${listed(apps.map(({ name }) => safe(name)))}? It cannot be had again`, yes);
    forget();
    session.say("It is forgotten here; a server that runs has it until it ends. On GitHub, delete it, as only you can:");
    for (const { page } of apps) session.say(safe(page));
  }
  if (session.json) session.printJson({ forgotten: apps });
  return EXIT.done;
}
