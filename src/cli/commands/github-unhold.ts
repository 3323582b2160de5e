import { Option, type Command } from "commander";
import { EXIT, type ExitCode } from "../exit.ts";
import { environmentOption, examples, said, yesOption } from "../options.ts";
import { ago, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly env: string; readonly repo?: string; readonly yes?: boolean };

export function addGithubUnhold(group: Command, perform: Perform): void {
  const command = group
    .command("unhold")
    .description("Lift the hold that a rollback by workflows has left on an environment, so that deploys start there again")
    .addOption(environmentOption())
    .addOption(new Option("--repo <repository>", "owner/name (default: GITHUB_REPOSITORY, else that of the remote origin)").argParser(said))
    .addOption(yesOption())
    .action(perform(unhold));
  examples(command, [["sluice github unhold --env mainnet", "after the fix is ready to be deployed"]]);
}

async function unhold(session: Session, options: Options): Promise<ExitCode> {
  const { env: environment, repo: repository = null, yes } = options;
  const github = await session.context.github({ directory: session.directory, repository });
  const holds = await session.patiently(github.holds(environment));
  const now = session.context.now();
  const shown = holds.map(({ by, reason, at }) => ({ by, reason, at: new Date(at).toISOString() }));
  if (holds.length === 0) {
    if (session.json) session.printJson({ environment, lifted: [] });
    session.note(`Nothing holds ${safe(environment)}`);
    return EXIT.done;
  }
  for (const { by, reason, at } of shown) session.say(`${safe(environment)} is held by ${safe(by)}, ${ago(at, now)}: ${safe(reason)}`);
  await session.confirm(`Let deploys start in ${environment} again?`, yes);
  await session.patiently(github.lift(environment));
  if (session.json) session.printJson({ environment, lifted: shown });
  else session.print(`Deploys start in ${safe(environment)} again`);
  return EXIT.done;
}
