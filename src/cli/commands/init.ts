import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

export function addInit(program: Command, perform: Perform): void {
  const command = program
    .command("init")
    .description("Write a small commented sluice.yaml to start from. Never overwrites one")
    .option("--project <name>", "the project's name (default: the directory's)")
    .action(perform(init));
  examples(command, [
    ["sluice init", "write sluice.yaml into this directory"],
    ["sluice init --project harbor", "with another name than the directory's"],
  ]);
}

async function init(session: Session, options: { readonly project?: string }): Promise<ExitCode> {
  const file = join(session.directory, "sluice.yaml");
  const project = options.project ?? nameFrom(basename(session.directory));
  if (!isName(project))
    throw new CliError(EXIT.usage, `${project} cannot be a project's name`, "Lower case letters, digits and `-` inside, at most 63");
  try {
    // Fails where there is one, also one that was written this moment.
    await writeFile(file, template(project), { flag: "wx" });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EEXIST")
      throw new CliError(EXIT.usage, `${file} is there already`, "Change it by hand; `sluice validate` checks it", { cause });
    throw new CliError(
      EXIT.usage,
      `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Choose a directory that you may write, with -C",
      { cause },
    );
  }
  if (session.json) session.printJson({ file });
  else
    session.print(
      [
        `Wrote ${file}`,
        "Next:",
        "  1. name your services, and how each is deployed",
        "  2. sluice validate            check the file",
        "  3. git add sluice.yaml && git commit",
        "  4. sluice plan --all          see what a deploy would do",
        "  5. sluice deploy --all",
      ].join("\n"),
    );
  return EXIT.done;
}

const isName = (text: string): boolean => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text) && text.length <= 63 && text !== "constructor";

function nameFrom(directory: string): string {
  const name = directory
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return isName(name) ? name : "project";
}

const template = (
  project: string,
): string => `# What is deployed, where to, and who decides. \`sluice validate\` checks this file; \`sluice schema\` prints its JSON Schema for editors.
version: 1
project: ${project}

# Environments in the order of promotion. This part is policy: a deploy reads it from the main branch, never from the commit being deployed.
environments:
  devnet: { order: any }
  mainnet:
    needs: [devnet]
    # One person must approve each commit before anything of it is deployed here, and not the one who started the deploy.
    approval: { count: 1, expires: 24h }

# What is built, once for each commit. A bundle is the commit's files, after a command of yours if there is one:
#   app: { bundle: { path: ., command: [npm, run, build] } }
artifacts:
  app: { bundle: { path: . } }

services:
  # A service is what is deployed by itself. \`paths\` say which changes concern it; without any, every change does.
  web:
    tier: backend
    artifact: app
    # Here: a process on this machine that is given PORT. \`command\` runs any deploy tool of yours instead.
    deploy: { process: { command: [node, server.js], health: /healthz } }
`;
