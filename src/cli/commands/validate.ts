import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { examples } from "../options.ts";
import { count } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly file: string; readonly format: "text" | "json" };

export function addValidate(program: Command, perform: Perform): void {
  const command = program
    .command("validate")
    .description("Check sluice.yaml and say everything that is wrong with it, not the first thing. Needs neither a server nor git")
    .option("-f, --file <file>", "the file to check", "sluice.yaml")
    .addOption(new Option("--format <format>", "how to print what was found").choices(["text", "json"]).default("text"))
    .action(perform(validate));
  examples(command, [
    ["sluice validate", "check the sluice.yaml of this directory"],
    ["sluice validate -f deploy/sluice.yaml --format json", "as a list of {code, severity, message, file, line, column}"],
  ]);
}

async function validate(session: Session, options: Options): Promise<ExitCode> {
  const text = await read(resolve(session.directory, options.file));
  // Loaded here: no other command reads YAML.
  const { parseConfig } = await import("../../core/config/parse.ts");
  const { diagnostics } = parseConfig(text, options.file, await session.context.adapters(), session.context.zones);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  if (session.json || options.format === "json") session.printJson(diagnostics);
  else {
    if (diagnostics.length > 0) session.print(session.diagnostics(diagnostics, () => text, session.colors));
    session.print(summary(options.file, errors, diagnostics.length - errors));
  }
  return errors === 0 ? EXIT.done : EXIT.usage;
}

function summary(file: string, errors: number, warnings: number): string {
  if (errors === 0) return warnings === 0 ? `${file} is valid` : `${file} is valid, with ${count(warnings, "warning")}`;
  return `${file}: ${count(errors, "error")}${warnings === 0 ? "" : ` and ${count(warnings, "warning")}`}`;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT")
      throw new CliError(EXIT.usage, `There is no ${path}`, "Write one with `sluice init`, or name it with --file", { cause });
    throw new CliError(
      EXIT.usage,
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Name another file with --file",
      { cause },
    );
  }
}
