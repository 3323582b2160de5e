import type { Command } from "commander";
import type { StopKind } from "../../contract/gates.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { environmentOption, examples, repoOption, said, yesOption } from "../options.ts";
import { ago, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { stopJson, wordsOf } from "./github-stop.ts";

type Options = { readonly repo?: string; readonly yes?: boolean };

export function addGithubUnhold(group: Command, perform: Perform): void {
  const command = group
    .command("unhold")
    .description("Lift the hold that a person, or a rollback by workflows, has left on an environment, so that deploys start there again")
    .addOption(environmentOption())
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, options: Options & { readonly env: string }) =>
        lift(session, options, "hold", options.env, `Deploys start in ${safe(options.env)} again`),
      ),
    );
  examples(command, [["sluice github unhold --env mainnet", "after the fix is ready to be deployed"]]);
}

export function addGithubUnlock(group: Command, perform: Perform): void {
  const command = group
    .command("unlock")
    .description("Lift a lock, so that workflows deploy there again")
    .argument("<on>", "a target such as api@mainnet, or an environment", said)
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, on: string, options: Options) => lift(session, options, "lock", on, `${safe(on)} is not locked any more`)),
    );
  examples(command, [["sluice github unlock api@mainnet", "the migration is done"]]);
}

export function addGithubUnpin(group: Command, perform: Perform): void {
  const command = group
    .command("unpin")
    .description("Let a target go on from the commit at which it was pinned")
    .argument("<target>", "the target, such as indexer@mainnet", said)
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, on: string, options: Options) => lift(session, options, "pin", on, `${safe(on)} is not pinned any more`)),
    );
  examples(command, [["sluice github unpin indexer@mainnet", "the next deploy all takes it along"]]);
}

async function lift(session: Session, options: Options, kind: StopKind, on: string, done: string): Promise<ExitCode> {
  const github = await session.context.github({ directory: session.directory, repository: options.repo ?? null });
  const stops = await session.patiently(github.stops(kind, on));
  const json = kind === "hold" ? { environment: on } : { on };
  if (stops.length === 0) {
    if (session.json) session.printJson({ ...json, lifted: [] });
    session.note(kind === "hold" ? `Nothing holds ${safe(on)}` : `${safe(on)} is not ${kind === "pin" ? "pinned" : "locked"}`);
    return EXIT.done;
  }
  const now = session.context.now();
  for (const stop of stops)
    session.say(`${safe(on)} is ${wordsOf(stop)} by ${safe(stop.by)}, ${ago(new Date(stop.at).toISOString(), now)}: ${safe(stop.reason)}`);
  await session.confirm(kind === "hold" ? `Let deploys start in ${on} again?` : `Un${kind} ${on}?`, options.yes);
  await session.patiently(github.lift(stops));
  if (session.json) session.printJson({ ...json, lifted: stops.map(stopJson) });
  else session.print(done);
  return EXIT.done;
}
