import { Option, type Command } from "commander";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, repoOption, said, wholeNumber } from "../options.ts";
import { safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { doctorLines } from "./doctor.ts";

type Options = {
  readonly repo?: string;
  readonly org?: string;
  readonly personal?: boolean;
  readonly name?: string;
  readonly port?: number;
  readonly again?: boolean;
};

export function addGithubConnect(group: Command, perform: Perform): void {
  const command = group
    .command("connect")
    .description(
      "Make `sluice serve` an App of GitHub's: a page on this machine leads to GitHub, where you agree; its key is kept in .sluice and nowhere else; then it waits until you have installed the App. Called again, it goes on where it was, or says how the App is. --url: where GitHub reaches the server (also: SLUICE_PUBLIC_URL)",
    )
    .addOption(repoOption())
    .addOption(
      new Option(
        "--org <organization>",
        "the App is this organization's (default: GitHub is asked what the repository's owner is)",
      ).argParser(said),
    )
    .addOption(new Option("--personal", "the App is your own account's").conflicts("org"))
    .addOption(new Option("--name <name>", "what it is called, alone in all of GitHub (default: sluice-OWNER-NAME)").argParser(said))
    .addOption(
      new Option("-p, --port <port>", "the page's port (default: any that is free); from afar: ssh -L PORT:127.0.0.1:PORT").argParser(
        wholeNumber(1, 65_535),
      ),
    )
    .option("--again", "make another App, which takes the place of the one that is there once it is installed")
    .action(perform(connect));
  examples(command, [
    ["sluice github connect --url https://sluice.example", "make the App, wait until it is installed"],
    ["sluice github connect", "without a webhook, as GitHub cannot reach the server; or: how the App is"],
    ["sluice github connect --again", "another App, for one that was deleted or whose key is lost"],
  ]);
}

async function connect(session: Session, options: Options): Promise<ExitCode> {
  const { repo = null, org = null, personal = false, name = null, port = null, again = false } = options;
  const asked = { directory: session.directory, repository: repo, publicUrl: session.url, organization: org, personal, name, port, again };
  const found = await session.context.githubConnect(asked, (line) => session.say(safe(line)));
  if (session.json) session.printJson(found);
  else
    session.print(
      [
        ...doctorLines(found.checks, session.colors),
        "`sluice serve` uses it from its next start on, where no SLUICE_GITHUB_* says otherwise",
      ].join("\n"),
    );
  return EXIT.done;
}
