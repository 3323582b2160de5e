import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { Json } from "../../core/config/config.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** In bytes, as JSON: what a job hands on is also a part of the variable that holds all results of a run, of which Linux takes 131,072 bytes; a step with more does not start. */
const MOST_BYTES = 120_000;

/** What a step hands on, and what people see of it. */
export class Outputs {
  readonly #env: Variables;
  readonly #out: (text: string) => void;
  readonly #handed: { [name: string]: Json } = {};

  constructor(env: Variables, out: (text: string) => void) {
    this.#env = env;
    this.#out = out;
  }

  /** All that was handed on, for `--json`. */
  get handed(): { readonly [name: string]: Json } {
    return this.#handed;
  }

  /** To the jobs behind: a text as it is, anything else as JSON of one line. Throws a `CliError` for more than they can be started with. */
  hand(name: string, value: Json): void {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const bytes = Buffer.byteLength(JSON.stringify(text));
    if (bytes > MOST_BYTES)
      throw new CliError(
        EXIT.failed,
        `${name} would have ${bytes} bytes, and a job can be given ${MOST_BYTES}`,
        "Deploy fewer services at once, environment by environment, or give them shorter names; the server has no such limit",
      );
    this.#handed[name] = value;
    const file = this.#env["GITHUB_OUTPUT"];
    // a delimiter that nobody can guess: a text with line breaks hands on nothing else
    const end = `sluice-${randomUUID()}`;
    if (file) appendFileSync(file, `${name}<<${end}\n${text}\n${end}\n`);
  }

  /** To the run's page. */
  summary(markdown: string): void {
    const file = this.#env["GITHUB_STEP_SUMMARY"];
    if (file) appendFileSync(file, `${markdown}\n\n`);
  }

  table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
    const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
    this.summary([`### ${cell(title)}`, "", line(header), `|${" --- |".repeat(header.length)}`, ...rows.map(line)].join("\n"));
  }

  say(line: string): void {
    this.#out(`${harmless(line)}\n`);
  }

  problem(message: string, hint: string | null = null): void {
    this.#annotate("error", hint === null ? message : `${message}. ${hint}`);
  }

  warning(message: string): void {
    this.#annotate("warning", message);
  }

  notice(message: string): void {
    this.#annotate("notice", message);
  }

  group(title: string): void {
    this.#out(`::group::${escaped(oneLine(title))}\n`);
  }
  groupEnd(): void {
    this.#out("::endgroup::\n");
  }

  /** What somebody else has written: no line of it is taken for a command, of either form. */
  foreign(text: string, token: string): void {
    if (text !== "") this.#out(`::stop-commands::${token}\n${text.endsWith("\n") ? text : `${text}\n`}::${token}::\n`);
  }

  #annotate(level: "error" | "warning" | "notice", message: string): void {
    this.#out(`::${level}::${escaped(message)}\n`);
  }
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");
/** Never taken for a command: GitHub's runner takes `::` behind blanks at the start of a line, and the older `##[` anywhere in it. */
const harmless = (text: string): string => text.replaceAll(/^([\s\u0085]*):(?=:)/gm, "$1: ").replaceAll("##[", "## [");
/** As GitHub's own toolkit does it. */
const escaped = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const cell = (text: string): string => oneLine(text).replaceAll("|", "\\|").replaceAll("<", "&lt;");
/** A commit as people read it. */
export const short = (commit: string): string => commit.slice(0, 9);
export const code = (text: string): string => `\`${text.replaceAll("`", "'")}\``;
