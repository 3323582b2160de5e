import { InvalidArgumentError, Option, type Command } from "commander";
import { CliError, EXIT } from "./exit.ts";

export type ScopeOptions = { readonly all?: boolean };

/** `--all` or services, never both and never neither: what is deployed is always said. */
export function servicesOf(services: readonly string[], options: ScopeOptions): string[] | null {
  if (options.all && services.length > 0) throw new CliError(EXIT.usage, "Give --all or services, not both");
  if (!options.all && services.length === 0) throw new CliError(EXIT.usage, "Give --all or the services that are meant");
  return options.all ? null : [...services];
}

export const environmentsOption = (): Option =>
  new Option("-e, --env <environment...>", "only these environments (may be repeated; commas separate)").argParser(collect);

export const environmentOption = (): Option => new Option("-e, --env <environment>", "the environment").makeOptionMandatory();

export const commitOption = (): Option => new Option("-c, --commit <commit>", "a commit, branch or tag (default: HEAD)");

export const yesOption = (): Option => new Option("-y, --yes", "do not ask");

export const policyRefOption = (): Option =>
  new Option("--policy-ref <ref>", "where environments and teams are read from (default: origin/HEAD, else main)");

export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(",").filter((part) => part !== "")];
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** A text that must say something. */
export function said(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

/** Examples below a command's help, each with what it does. */
export function examples(command: Command, lines: readonly (readonly [command: string, about: string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length));
  const shown = lines.map(([line, about]) => `  $ ${line.padEnd(width)}  ${about}`.trimEnd());
  return command.addHelpText("after", `\nExamples:\n${shown.join("\n")}`);
}
