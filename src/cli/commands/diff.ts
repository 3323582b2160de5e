import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import type { Connection } from "../context.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { commitOption, environmentOption, examples } from "../options.ts";
import { type Block, countsOf, isShort, objectBlock, textOf, unified } from "../output/diff.ts";
import type { Colors } from "../output/paint.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { commitLines } from "./commits.ts";

type Options = { readonly env: string; readonly commit?: string; readonly full?: boolean };
export type Diff = Schemas["Diff"];
type Target = Diff["targets"][number];
type Counts = NonNullable<Target["counts"]>;

export function addDiff(program: Command, perform: Perform): void {
  const command = program
    .command("diff")
    .description(
      "Print what a commit would change in an environment: object by object against what is there, where the driver can tell, else what would be applied against what was; without secrets",
    )
    .argument("[services...]", "only these services, in full (default: all that are not manual)")
    .addOption(environmentOption())
    .addOption(commitOption())
    .option("--full", "print every text, however many there are")
    .action(perform(diff));
  examples(command, [
    ["sluice diff --env mainnet --commit 4f9c2d1", "every service: a summary, and the texts where they are short"],
    ["sluice diff api --env mainnet", "one service at HEAD, in full"],
    ["sluice diff --env mainnet --json", "as {commit, environment, summary, targets, commits}"],
  ]);
}

async function diff(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const connection = await session.connect("read");
  const found = await session.patiently(fetchDiff(connection, options.commit ?? "HEAD", options.env, services));
  if (session.json) session.printJson(found);
  else {
    const full = options.full === true || services.length > 0;
    session.print(
      [...summaryLines(found, session.colors), ...commitLines(session, found), ...(await diffLines(session.colors, found, full))].join(
        "\n",
      ),
    );
  }
  return EXIT.done;
}

export function fetchDiff({ client }: Connection, commit: string, environment: string, services: readonly string[]): Promise<Diff> {
  const query = { commit, environment, ...(services.length === 0 ? {} : { services: services.join(",") }) };
  return answer(client.GET("/api/v1/diff", { params: { query } }));
}

/** All of it in a line, then kind by kind. */
export function summaryLines(
  { commit, environment, targets }: Pick<Diff, "commit" | "environment" | "targets">,
  colors: Colors,
): readonly string[] {
  const number = (of: Target["change"]): number => targets.filter(({ change }) => change === of).length;
  const objects = countsText(
    targets.reduce((sum, { counts }) => (counts ? plus(sum, counts) : sum), NONE),
    "object",
  );
  const unknown = number("unknown");
  const parts = [
    `${number("changed")} of ${count(targets.length, "target")} would change${objects === "" ? "" : `: ${objects}`}`,
    ...(unknown === 0 ? [] : [colors.yellow(`${unknown} could not be rendered`)]),
  ];
  return [
    colors.bold(`${environment} at ${shortCommit(commit)}: `) + parts.join("; "),
    ...kindLines(targets),
    ...uncomparedLines(targets).map((line) => colors.yellow(line)),
  ];
}

/** Why objects could not be compared, once for those whom the same keeps from it. */
function uncomparedLines(targets: readonly Target[]): readonly string[] {
  const groups = Map.groupBy(
    targets.filter(({ uncompared }) => uncompared !== null),
    ({ uncompared }) => safe(uncompared ?? ""),
  );
  return [...groups].map(
    ([why, all]) => `compared with what was applied last, not with what is there: ${listed(all.map(({ target }) => target))}: ${why}`,
  );
}

const NONE: Counts = { added: 0, changed: 0, removed: 0, same: 0 };
const plus = (a: Counts, b: Counts): Counts => ({
  added: a.added + b.added,
  changed: a.changed + b.changed,
  removed: a.removed + b.removed,
  same: a.same + b.same,
});

function kindLines(targets: readonly Target[]): readonly string[] {
  const kinds = new Map<string, Counts>();
  for (const { kind, change } of targets.flatMap(({ objects }) => objects ?? []))
    kinds.set(kind, plus(kinds.get(kind) ?? NONE, { ...NONE, [change]: 1 }));
  const lines = [...kinds].flatMap(([kind, counts]) => (countsText(counts) === "" ? [] : [[safe(kind), countsText(counts)] as const]));
  const width = Math.max(...lines.map(([kind]) => kind.length));
  return lines.length < 2 ? [] : lines.map(([kind, text]) => `  ${kind.padEnd(width)}  ${text}`);
}

/** `2 changed, 1 added`; empty where all is the same. */
function countsText({ changed, added, removed }: Counts, noun?: string): string {
  const parts = [[changed, "changed"] as const, [added, "added"] as const, [removed, "removed"] as const].filter(([number]) => number > 0);
  return parts.map(([number, word], index) => (noun && index === 0 ? `${count(number, noun)} ${word}` : `${number} ${word}`)).join(", ");
}

/** Each target's difference; those without one together in a line. Texts where they are short, or `full`. */
export async function diffLines(colors: Colors, diff: Diff, full: boolean): Promise<readonly string[]> {
  const { commit, environment } = diff;
  const different = diff.targets.filter(({ change }) => change !== "same");
  const same = diff.targets.filter(({ change }) => change === "same").map(({ target }) => target);
  const blocks: Block[] = [];
  for (const target of different) blocks.push(...(await blocksOf(target, colors)));
  const whole = full || isShort(blocks);
  return [
    ...blocks.flatMap(({ head, text }) => (whole ? [head, ...text] : [head])),
    ...(same.length > 0 ? [colors.dim(`no difference: ${listed(same)}`)] : []),
    ...(whole ? [] : [`texts: sluice diff --full --env ${environment} --commit ${shortCommit(commit)}, or name services`]),
  ];
}

async function blocksOf(target: Target, colors: Colors): Promise<readonly Block[]> {
  const { objects, counts, problem } = target;
  const from = target.from === null ? "nothing" : shortCommit(target.from);
  const title = colors.bold(`${target.target} ${from} -> ${shortCommit(target.to)}`);
  const notes = [
    ...(target.unbuilt === null ? [] : [`${target.unbuilt} is not built yet: its digest is not part of this`]),
    ...(problem === null ? [] : [`could not be rendered, shown as its definition: ${safe(problem)}`]),
  ].map((note) => `\n  ${colors.yellow(note)}`);
  if (objects === null) {
    const change = await unified(target.before, target.after, colors);
    const words =
      change === null || change.lines.length === 0
        ? ""
        : `: ${countsOf(change, colors)} ${change.added + change.removed === 1 ? "line" : "lines"}`;
    return [
      {
        head: `${title}${words}${notes.join("")}`,
        text: textOf(change, target.cut, problem === null ? "no difference" : "the definition is the same", colors),
      },
    ];
  }
  const shown = objects.filter(({ change }) => change !== "same");
  const rest = counts === null ? 0 : counts.added + counts.changed + counts.removed - shown.length;
  const same = counts?.same ? colors.dim(`, ${counts.same} the same`) : "";
  const head = { head: `${title}: ${counts ? countsText(counts) : ""}${same}${notes.join("")}`, text: [] };
  const each = await Promise.all(shown.map((object) => objectBlock(object, SIGNS[object.change], colors)));
  return [head, ...each, ...(rest > 0 ? [{ head: colors.yellow(`  and ${rest} more: too many to be sent`), text: [] }] : [])];
}

const SIGNS = { added: "+", removed: "-", changed: "~", same: "~" } as const;
