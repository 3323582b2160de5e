import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { missingFrom, patternOf, sayings, stepsOf } from "./page.ts";

const BIN = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));

export type Tree = { [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/** The second laid over the first: keys of both are joined where both are mappings. */
export function joined(below: Tree, above: Tree): Tree {
  const result = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const there = result[key];
    result[key] = isTree(there) && isTree(value) ? joined(there, value) : value;
  }
  return result;
}

/** A `sluice` for the PATH: the program of this checkout. */
export function installSluice(bin: string): void {
  writeFileSync(join(bin, "sluice"), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, { mode: 0o755 });
}

/** Author and committer, and a git that knows nothing of whose machine this is. */
export function asAna(): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_GLOBAL: devNull, NO_COLOR: "1", COLUMNS: "200" };
  for (const role of ["AUTHOR", "COMMITTER"]) {
    env[`GIT_${role}_NAME`] = "Ana Ruiz";
    env[`GIT_${role}_EMAIL`] = "ana@shop.example";
  }
  return env;
}

type ReaderOptions = {
  /** The repository in which the page is followed; it is there. */
  readonly root: string;
  readonly env: Record<string, string>;
  /** What the page's own names are here. */
  readonly real?: (text: string) => string;
};
type Hooks = {
  readonly before?: (heading: string) => Promise<void> | void;
  /** Before each command. */
  readonly ready?: (command: string) => Promise<void>;
  /** After each command. */
  readonly after?: (command: string) => Promise<void>;
};

/** Who follows a page of instructions, in a shell and an editor. */
export class Reader {
  readonly root: string;
  readonly env: Record<string, string>;
  /** All that was printed. */
  seen = "";
  readonly #real: (text: string) => string;

  constructor({ root, env, real = (text) => text }: ReaderOptions) {
    this.root = root;
    this.env = env;
    this.#real = real;
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Joins a text with a file of YAML. */
  add(path: string, text: string): void {
    const there = parse(readFileSync(join(this.root, path), "utf8")) as Tree;
    this.write(path, stringify(joined(there, parse(text) as Tree)));
  }

  /** As a reader's shell runs it. */
  async run(command: string, exit = 0, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const assigned = /^export (\w+)=/.exec(command)?.[1];
    const { exitCode, all, stdout } = await execa(
      "sh",
      ["-c", assigned === undefined ? this.#real(command) : `${this.#real(command)} && printf %s "$${assigned}"`],
      { cwd: this.root, env: { ...this.env, ...more }, extendEnv: false, reject: false, all: true, stdin: "ignore" },
    );
    if (exitCode !== exit) throw new Error(`${command} ended with ${exitCode}, not ${exit}:\n${all}`);
    if (assigned !== undefined) {
      // What may be a secret was not printed by the reader's shell.
      this.env[assigned] = stdout;
      return "";
    }
    this.seen += `${all}\n`;
    return all;
  }

  commit(message: string): Promise<string> {
    return this.run(`git add --all && git commit --quiet --message '${message}'`);
  }

  /** From the page's beginning to its end; resolves to how many steps that were. Rejects where a command ends otherwise than the page says, or does not print what it says. */
  async follow(page: string, { before, ready, after }: Hooks = {}): Promise<number> {
    let heading = "";
    const steps = stepsOf(page);
    for (const step of steps) {
      if (heading !== step.heading) await before?.(step.heading);
      heading = step.heading;
      if (step.kind === "file") {
        if (step.added) this.add(step.path, this.#real(step.text));
        else this.write(step.path, this.#real(step.text));
      }
      if (step.kind !== "run") continue;
      let printed = "";
      for (const { text, exit } of step.commands) {
        await ready?.(text);
        printed += `${await this.run(text, exit)}\n`;
        await after?.(text);
      }
      const missing = missingFrom(printed, step.prints.map(this.#real));
      if (missing !== null) throw new Error(`under "${heading}" nothing has printed "${missing}":\n${printed}`);
    }
    return steps.length;
  }

  /** Sayings of the page's last table that nothing has said. */
  unsaid(page: string): readonly string[] {
    const said = sayings(page);
    if (said.length === 0) throw new Error("the page ends without a table");
    return said.filter((saying) => !new RegExp(patternOf(saying)).test(this.seen));
  }
}

/** Commands of a page that no test can run. */
export const notRunIn = (page: string): readonly string[] =>
  stepsOf(page).flatMap((step) => (step.kind === "not-run" ? step.commands.map(({ text }) => text) : []));
