import { Option, type Command } from "commander";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { examples, repoOption, said, yesOption } from "../options.ts";
import { ago, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = {
  readonly applied?: boolean;
  readonly notApplied?: boolean;
  readonly reason: string;
  readonly repo?: string;
  readonly yes?: boolean;
};

export function addGithubSettle(group: Command, perform: Perform): void {
  const command = group
    .command("settle")
    .description("Say what is true of a target where a job was lost and its driver cannot tell. As the person whose token it is")
    .argument("<target>", "the target, such as api@mainnet", said)
    .option("--applied", "what the lost job was to apply is there")
    .addOption(new Option("--not-applied", "it is not; what was there before still is").conflicts("applied"))
    .addOption(new Option("--reason <text>", "how you know, for the record").argParser(said).makeOptionMandatory())
    .addOption(repoOption())
    .addOption(yesOption())
    .action(perform(settle));
  examples(command, [['sluice github settle api@mainnet --not-applied --reason "looked at the host"', "the next job goes on from there"]]);
}

async function settle(session: Session, target: string, options: Options): Promise<ExitCode> {
  if (!options.applied && !options.notApplied)
    throw new CliError(EXIT.usage, "Say --applied or --not-applied", "Look at the target itself first");
  const applied = options.applied ?? false;
  const github = await session.context.github({ directory: session.directory, repository: options.repo ?? null });
  const doubt = await session.patiently(github.doubt(target));
  session.say(
    `${safe(target)} was to get ${doubt.commit.slice(0, 9)}, ${ago(new Date(doubt.at).toISOString(), session.context.now())}, and nobody has said how that ended`,
  );
  await session.confirm(`Record that ${doubt.commit.slice(0, 9)} ${applied ? "was" : "was not"} applied to ${target}?`, options.yes);
  await session.patiently(github.settle(doubt, { applied, reason: options.reason }));
  if (session.json) session.printJson({ target, commit: doubt.commit, applied });
  else session.print(`${safe(target)} is known again: ${applied ? "applied, and not verified: the next deploy does that" : "not applied"}`);
  return EXIT.done;
}
