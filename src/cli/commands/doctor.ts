import type { Command } from "commander";
import type { Check } from "../context.ts";
import { EXIT } from "../exit.ts";
import { environmentsOption, examples } from "../options.ts";
import type { Colors } from "../output/paint.ts";
import { count, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";

type Options = { readonly env?: string[] };

export function addDoctor(program: Command, perform: Perform): void {
  const command = program
    .command("doctor")
    .description(
      "Check what Sluice needs: Node, git, the repository, sluice.yaml, the store, its port, disk space, the clock; then, for each environment, the tools, access and rights that its targets need from here. Touches nothing. Exits 1 where something is wrong",
    )
    .addOption(environmentsOption())
    .action(
      perform(async (session, options: Options) => {
        const asked = { directory: session.directory, url: session.url, environments: options.env ?? null };
        const checks = await session.context.doctor(asked);
        if (session.json) session.printJson(checks);
        else session.print(doctorLines(checks, session.colors).join("\n"));
        return checks.some(({ status }) => status === "problem") ? EXIT.failed : EXIT.done;
      }),
    );
  examples(command, [
    ["sluice doctor", "what is wrong, and what to do about it"],
    ["sluice doctor --env mainnet", "with the targets of one environment"],
    ["sluice doctor --json", "as a list of {name, status, message, hint?, environments?}"],
  ]);
}

/** Check by check, those about environments under these, and how many there are of what is wrong. */
export function doctorLines(checks: readonly Check[], colors: Colors): readonly string[] {
  const groups = Map.groupBy(checks, ({ environments }) => environments?.join(", ") ?? "");
  const number = (status: Check["status"]): number => checks.filter((check) => check.status === status).length;
  const parts = [
    ...(number("problem") === 0 ? [] : [colors.red(count(number("problem"), "problem"))]),
    ...(number("warning") === 0 ? [] : [colors.yellow(count(number("warning"), "warning"))]),
  ];
  return [
    ...[...groups].flatMap(([on, group]) => [
      ...(on === "" ? [] : [colors.bold(`${on}:`)]),
      ...group.map((check) => checkText(check, on === "" ? "" : "  ", colors)),
    ]),
    ...(parts.length === 0 ? [] : [parts.join(", ")]),
  ];
}

function checkText({ name, status, message, hint }: Check, indent: string, colors: Colors): string {
  const word = { ok: colors.green("ok"), warning: colors.yellow("warning"), problem: colors.red("problem") }[status];
  const what = `${indent}${word} ${colors.bold(safe(name))}: ${safe(message)}`;
  return `${what}${hint ? `\n${indent}  ${colors.cyan("hint:")} ${safe(hint)}` : ""}`;
}
