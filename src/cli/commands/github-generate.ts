import type { Command } from "commander";
import type { WorkflowFile } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { examples } from "../options.ts";
import { count } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly check?: boolean };

export function addGithubGenerate(group: Command, perform: Perform): void {
  const command = group
    .command("generate")
    .description("Write GitHub's workflows from sluice.yaml into .github/workflows. Touches no file that it has not written itself")
    .option("--check", "write nothing, and fail where a file is not what it should be")
    .action(perform(generate));
  examples(command, [
    ["sluice github generate", "write what is missing or different, remove what is no longer generated"],
    ["sluice github generate --check", "in CI: fail where somebody has forgotten that, or has edited a file"],
    ["sluice github generate --check --json", "as a list of {path, state}"],
  ]);
}

async function generate(session: Session, { check = false }: Options): Promise<ExitCode> {
  const files = await session.context.workflows({ directory: session.directory, write: !check });
  const foreign = files.filter(({ state }) => state === "foreign");
  const changed = files.filter(({ state }) => state !== "current");
  if (session.json) session.printJson(files);
  if (check) {
    if (changed.length === 0) return summary(session, `${count(files.length, "workflow")} as sluice.yaml says`);
    if (!session.json) session.print(lines(changed, FOUND));
    throw new CliError(EXIT.failed, `${count(changed.length, "workflow")} not as sluice.yaml says`, hintOf(foreign));
  }
  if (foreign.length > 0) {
    if (!session.json) session.print(lines(foreign, FOUND));
    throw new CliError(EXIT.failed, "Nothing was written: files that are not ours are in the way", hintOf(foreign));
  }
  if (!session.json && changed.length > 0) session.print(lines(changed, DONE));
  return summary(
    session,
    changed.length === 0 ? `${count(files.length, "workflow")} already as sluice.yaml says` : "Commit them with sluice.yaml",
  );
}

const FOUND: Readonly<Record<WorkflowFile["state"], string>> = {
  current: "",
  missing: "is missing",
  different: "differs: sluice.yaml has changed, or somebody has edited it",
  stale: "is no longer generated",
  foreign: "was not generated from this sluice.yaml",
};
const DONE: Readonly<Record<WorkflowFile["state"], string>> = { ...FOUND, missing: "written", different: "changed", stale: "removed" };

const lines = (files: readonly WorkflowFile[], words: typeof FOUND): string =>
  files.map(({ path, state, from }) => `${path}  ${from === undefined ? words[state] : `was generated from ${from}`}`).join("\n");

/** Of two projects in a repository the files have the same names, and none is to remove those of the other. */
function hintOf(foreign: readonly WorkflowFile[]): string {
  const others = [...new Set(foreign.flatMap(({ from }) => from ?? []))];
  if (others.length > 0)
    return `GitHub's workflows are those of one project: take \`github\` out of this sluice.yaml, or, where ${others.join(" and ")} no longer deploys, remove these files`;
  return foreign.length > 0 ? "Rename or remove these files; then: sluice github generate" : "sluice github generate";
}

function summary(session: Session, text: string): ExitCode {
  if (!session.json) session.print(text);
  return EXIT.done;
}
