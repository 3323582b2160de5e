import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { environmentsOption, examples } from "../options.ts";
import { type Block, isShort, objectBlock } from "../output/diff.ts";
import type { Colors } from "../output/paint.ts";
import { environmentOf, serviceOf } from "../../core/config/names.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly env?: string[]; readonly full?: boolean };
type Drift = Schemas["Drift"];
type Target = Drift["targets"][number];

export function addDrift(program: Command, perform: Perform): void {
  const command = program
    .command("drift")
    .description(
      "Compare what is live with what the ledger says: whatever was changed, removed or scaled by hand. Exits 1 where something differs or could not be looked at",
    )
    .argument("[services...]", "only these services, in full (default: all)")
    .addOption(environmentsOption())
    .option("--full", "print every text, however many there are")
    .action(perform(drift));
  examples(command, [
    ["sluice drift", "every target that has something live"],
    ["sluice drift api --env mainnet", "one target, in full"],
    ["sluice drift --env mainnet --json", "as {summary, targets}"],
  ]);
}

async function drift(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const { client } = await session.connect("read");
  const query = {
    ...(options.env ? { environments: options.env.join(",") } : {}),
    ...(services.length === 0 ? {} : { services: services.join(",") }),
  };
  const found = await session.patiently(answer(client.GET("/api/v1/drift", { params: { query } })));
  if (session.json) session.printJson(found);
  else session.print((await driftLines(session.colors, found, options.full === true || services.length > 0)).join("\n"));
  // what nobody could look at may have drifted
  return found.summary.none === found.targets.length ? EXIT.done : EXIT.failed;
}

/** All of it in a line, then what differs and what could not be looked at, target by target. Texts where they are short, or `full`. */
export async function driftLines(colors: Colors, { summary, targets }: Drift, full: boolean): Promise<readonly string[]> {
  if (targets.length === 0) return ["Nothing is live there"];
  const blocks: Block[] = [];
  for (const target of targets) if (target.verdict === "drift") blocks.push(...(await blocksOf(target, colors)));
  const whole = full || isShort(blocks);
  const as = targets.filter(({ verdict }) => verdict === "none").map(({ target }) => target);
  return [
    colors.bold(`${summary.drift} of ${count(targets.length, "target")} ${summary.drift === 1 ? "differs" : "differ"} from the ledger`) +
      (summary.unknown === 0 ? "" : colors.yellow(`; ${summary.unknown} could not be looked at`)),
    ...blocks.flatMap(({ head, text }) => (whole ? [head, ...text] : [head])),
    ...unknownLines(targets, colors),
    ...(as.length > 0 ? [colors.dim(`as recorded: ${listed(as)}`)] : []),
    ...(whole ? [] : ["texts: --full, or name services"]),
    ...bringBackLines(targets),
  ];
}

/** What could not be looked at, once for those whom the same keeps from it. */
function unknownLines(targets: readonly Target[], colors: Colors): readonly string[] {
  const unknown = targets.filter(({ verdict }) => verdict === "unknown");
  const groups = Map.groupBy(unknown, ({ unknown: why }) => why.map((line) => `  ${colors.yellow(safe(line))}`).join("\n"));
  return [...groups].map(([why, all]) => `${colors.bold(listed(all.map(({ target }) => target)))}: not known\n${why}`);
}

/** One command for all that one command can bring back: the services of an environment whose ledger names the same commit. */
function bringBackLines(targets: readonly Target[]): readonly string[] {
  const drifted = targets.filter(({ verdict, deployed }) => verdict === "drift" && deployed !== null);
  const groups = Map.groupBy(drifted, ({ target, deployed }) => `--env ${environmentOf(target)} --commit ${shortCommit(deployed ?? "")}`);
  const commands = [...groups].map(
    ([where, all]) => `sluice deploy ${all.map(({ target }) => serviceOf(target)).join(" ")} ${where} --redeploy`,
  );
  return commands.length < 2
    ? commands.map((command) => `to apply again what is recorded: ${command}`)
    : ["to apply again what is recorded:", ...commands.map((command) => `  ${command}`)];
}

async function blocksOf(target: Target, colors: Colors): Promise<readonly Block[]> {
  const { compared, objects, differences, unknown, health } = target;
  const title = colors.bold(`${target.target} ${shortCommit(target.commit)}`);
  const objectsText = compared === null || objects.length === 0 ? "" : `${objects.length} of ${count(compared, "object")} differ`;
  const words = [colors.red("drift"), objectsText].filter(Boolean).join(", ");
  const state = health === null || health === "healthy" || health === "none" ? "" : `, ${health}`;
  const notes = [...differences.map(safe), ...unknown.map((why) => colors.yellow(safe(why)))].map((line) => `\n  ${line}`);
  const head = { head: `${title}: ${words}${state}${notes.join("")}`, text: [] };
  const each = await Promise.all(
    objects.map(({ drift: how, recorded, live, ...object }) =>
      objectBlock({ ...object, before: recorded, after: live }, SIGNS[how], colors, ` ${WORDS[how]}`),
    ),
  );
  return [head, ...each, ...(target.cut ? [{ head: colors.yellow("  cut: there is too much to be sent whole"), text: [] }] : [])];
}

const SIGNS = { missing: "-", extra: "+", different: "~" } as const;
const WORDS = { missing: "is gone", extra: "is not part of it", different: "differs" } as const;
