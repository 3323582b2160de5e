import { Option, type Command } from "commander";
import type { AskedStop, GithubStop } from "../../contract/gates.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { environmentOption, examples, repoOption, said, untilOf, yesOption } from "../options.ts";
import { safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly reason: string; readonly repo?: string; readonly yes?: boolean; readonly until?: string };

const reasonOption = (): Option => new Option("--reason <text>", "why, shown to whoever is stopped").argParser(said).makeOptionMandatory();

export function addGithubHold(group: Command, perform: Perform): void {
  const command = group
    .command("hold")
    .description("Let no workflow deploy in an environment until somebody lifts it; rollbacks go on. As the person whose token it is")
    .addOption(environmentOption())
    .addOption(reasonOption())
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, options: Options & { readonly env: string }) =>
        place(session, options, { kind: "hold", on: options.env, commit: null }, `Hold every deploy on ${options.env}?`),
      ),
    );
  examples(command, [['sluice github hold --env mainnet --reason "incident 42"', "no deploy begins there"]]);
}

export function addGithubLock(group: Command, perform: Perform): void {
  const command = group
    .command("lock")
    .description("Let no workflow deploy or roll back one target, or all in an environment. As the person whose token it is")
    .argument("<on>", "a target such as api@mainnet, or an environment", said)
    .addOption(reasonOption())
    .option("--until <when>", "when it ends by itself: 2h, or a time such as 2026-01-31T09:30Z (default: when somebody unlocks it)")
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, on: string, options: Options) =>
        place(
          session,
          options,
          { kind: "lock", on, commit: null },
          `Lock ${on}${options.until === undefined ? "" : ` until ${options.until}`}?`,
        ),
      ),
    );
  examples(command, [['sluice github lock api@mainnet --reason "migration runs" --until 2h', "one target, for two hours"]]);
}

export function addGithubPin(group: Command, perform: Perform): void {
  const command = group
    .command("pin")
    .description("Keep a target at a commit: workflows leave it out, and say so. Its own workflow, started by hand, still moves it")
    .argument("<target>", "the target, such as indexer@mainnet", said)
    .argument("<commit>", "the commit, which may be abbreviated", said)
    .addOption(reasonOption())
    .addOption(repoOption())
    .addOption(yesOption())
    .action(
      perform((session: Session, on: string, commit: string, options: Options) =>
        place(session, options, { kind: "pin", on, commit }, `Pin ${on} at ${commit}?`),
      ),
    );
  examples(command, [
    ['sluice github pin indexer@mainnet 4f9c2d1 --reason "reindexes until friday"', "`sluice github unpin indexer@mainnet` lets it go on"],
  ]);
}

async function place(
  session: Session,
  options: Options,
  asked: Pick<AskedStop, "kind" | "on" | "commit">,
  question: string,
): Promise<ExitCode> {
  const until = options.until === undefined ? null : Date.parse(untilOf(options.until, session.context.now()));
  const github = await session.context.github({ directory: session.directory, repository: options.repo ?? null });
  await session.confirm(question, options.yes);
  const placed = await session.patiently(github.place({ ...asked, reason: options.reason, until }));
  if (session.json) session.printJson(stopJson(placed));
  else session.print(`${safe(placed.on)} is ${wordsOf(placed)} until \`${liftCommand(placed)}\``);
  return EXIT.done;
}

export const wordsOf = ({ kind, commit, until }: GithubStop): string => {
  if (kind === "hold") return "held";
  return kind === "pin"
    ? `pinned at ${(commit ?? "").slice(0, 9)}`
    : `locked${until === null ? "" : ` until ${new Date(until).toISOString()}, or`}`;
};
export const liftCommand = ({ kind, on }: Pick<GithubStop, "kind" | "on">): string =>
  kind === "hold" ? `sluice github unhold --env ${on}` : `sluice github un${kind} ${on}`;
export const stopJson = ({ at, until, ...stop }: GithubStop): object => ({
  ...stop,
  at: new Date(at).toISOString(),
  until: until === null ? null : new Date(until).toISOString(),
});
