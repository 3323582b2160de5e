import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import type { Connection } from "../context.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { commitOption, environmentOption, examples } from "../options.ts";
import { unified } from "../output/diff.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly env: string; readonly commit?: string };
export type Diff = Schemas["Diff"];

export function addDiff(program: Command, perform: Perform): void {
  const command = program
    .command("diff")
    .description("Print what a commit would change in an environment: what would be applied against what is live, without secrets")
    .argument("[services...]", "only these services (default: all that are not manual)")
    .addOption(environmentOption())
    .addOption(commitOption())
    .action(perform(diff));
  examples(command, [
    ["sluice diff --env mainnet --commit 4f9c2d1", "every service"],
    ["sluice diff api --env mainnet --json", "one service at HEAD, as {commit, environment, targets, commits}"],
  ]);
}

async function diff(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const connection = await session.connect("read");
  const found = await fetchDiff(connection, options.commit ?? "HEAD", options.env, services);
  if (session.json) session.printJson(found);
  else session.print([...commitLines(session, found), ...(await targetLines(session, found, null))].join("\n"));
  return EXIT.done;
}

export function fetchDiff({ client }: Connection, commit: string, environment: string, services: readonly string[]): Promise<Diff> {
  const query = { commit, environment, ...(services.length === 0 ? {} : { services: services.join(",") }) };
  return answer(client.GET("/api/v1/diff", { params: { query } }));
}

/** Commits that come with it and those that would be lost, once for each commit that is live; and where that cannot be known. */
export function commitLines(session: Session, diff: Diff, most = 50): readonly string[] {
  return [...knownLines(session, diff, most), ...unknownLines(session, diff)];
}

/** What is live and what the source no longer has: nobody can say what of it the new commit lacks. */
function unknownLines({ colors }: Session, { targets, commits }: Diff): readonly string[] {
  const known = new Set(commits.map(({ from }) => from));
  const gone = Map.groupBy(
    targets.filter(({ from }) => from !== null && !known.has(from)),
    ({ from }) => from ?? "",
  );
  return [...gone].map(([from, on]) =>
    colors.red(
      `${listed(on.map(({ target }) => target))}: which commits would be lost cannot be known: the source no longer has ${shortCommit(from)}, which is live`,
    ),
  );
}

function knownLines({ colors }: Session, { targets, commits }: Diff, most: number): readonly string[] {
  return commits.flatMap(({ from, brings, loses }) => {
    const on = listed(targets.filter((target) => target.from === from).map(({ target }) => target));
    if (on === "") return [];
    const list = ({ items, count: all }: typeof brings): readonly string[] => {
      const shown = items.slice(0, most).map(({ id, subject }) => `  ${shortCommit(id)} ${safe(subject)}`);
      return all > shown.length ? [...shown, `  and ${all - shown.length} more`] : shown;
    };
    return [
      `${on}: ${brings.count === 0 ? "no commit" : count(brings.count, "commit")} since ${shortCommit(from)}`,
      ...list(brings),
      ...(loses.count === 0 ? [] : [colors.red(`${on}: ${count(loses.count, "commit")} that would be lost`), ...list(loses)]),
    ];
  });
}

/** Each target's difference. `most`: lines of one; what is longer is cut, with how to see all. null: all of it. */
export async function targetLines(session: Session, diff: Diff, most: number | null): Promise<readonly string[]> {
  return (await Promise.all(diff.targets.map((target) => linesOf(session, diff, target, most)))).flat();
}

async function linesOf({ colors }: Session, { commit, environment }: Diff, target: Diff["targets"][number], most: number | null) {
  const from = target.from === null ? "nothing" : shortCommit(target.from);
  const head = [
    colors.bold(`${target.target} ${from} -> ${shortCommit(target.to)}`),
    ...(target.problem === null ? [] : [colors.yellow(`  could not be rendered, shown as its definition: ${safe(target.problem)}`)]),
  ];
  const lines = await unified(target.before, target.after, colors);
  if (lines === null) return [...head, "  too different to be shown line by line: --json has both texts"];
  const shown = most === null ? lines : lines.slice(0, most);
  const more = lines.length - shown.length;
  const service = target.target.slice(0, target.target.lastIndexOf("@"));
  return [
    ...head,
    ...(lines.length === 0 && !target.cut ? [colors.dim("  no difference")] : shown),
    ...(more > 0 ? [`  ${count(more, "more line")}: sluice diff ${service} --env ${environment} --commit ${shortCommit(commit)}`] : []),
    ...(target.cut ? [colors.yellow("  cut: the texts are too long to be sent whole")] : []),
  ];
}
