import { InvalidArgumentError, Option, type Command } from "commander";
import { parseDuration } from "../core/config/duration.ts";
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

export const commitOption = (): Option => new Option("-c, --commit <commit>", "a commit, branch or tag (default: HEAD)").argParser(said);

export const yesOption = (): Option => new Option("-y, --yes", "do not ask (without a terminal nobody is asked)");

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

/** What `--only` and `--except` are made of. */
export const servicesOption = (flags: string, about: string): Option => new Option(flags, about).argParser(collect);

/** An instant to come: a duration from now such as `2h`, or a time as ISO 8601 has it. Told as ISO 8601 in UTC. */
export function untilOf(text: string, now: number): string {
  const lasts = parseDuration(text);
  const at = lasts === null ? Date.parse(text) : now + lasts;
  if (lasts === null && !/^\d{4}-\d{2}-\d{2}/.test(text))
    throw new CliError(EXIT.usage, `--until ${text} is neither a duration nor a time`, "Write it as 2h or 2026-01-31T09:30Z");
  // Beyond that there is no date (ECMA-262 21.4.1.1).
  if (Number.isNaN(at) || Math.abs(at) > 8.64e15)
    throw new CliError(EXIT.usage, `--until ${text} is no time`, "Write it as 2h or 2026-01-31T09:30Z");
  if (at <= now) throw new CliError(EXIT.usage, `--until ${text} has passed`, "Name a time to come");
  return new Date(at).toISOString();
}

/** As the API has it. */
const LONGEST_TEXT = 2000;

/** A text that must say something. */
export function said(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  if (text.length > LONGEST_TEXT) throw new InvalidArgumentError(`It has ${text.length} characters, and may have ${LONGEST_TEXT}.`);
  return text;
}

/** Examples below a command's help, each with what it does. */
export function examples(command: Command, lines: readonly (readonly [command: string, about: string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length));
  const shown = lines.map(([line, about]) => `  $ ${line.padEnd(width)}  ${about}`.trimEnd());
  return command.addHelpText("after", `\nExamples:\n${shown.join("\n")}`);
}

/** Which repository on GitHub is meant. */
export const repoOption = (): Option =>
  new Option("--repo <repository>", "owner/name (default: GITHUB_REPOSITORY, else that of the remote origin)").argParser(said);
