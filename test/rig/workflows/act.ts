import { spawn } from "node:child_process";
import { join } from "node:path";
import { findTool } from "../../../tools/github/tools.ts";
import type { Files } from "./workflow.ts";

/** As act 0.2.89 takes them: it has no locks and refuses `queue`. */
export const forAct = (files: Files): Files => new Map([...files].map(([path, text]) => [path, text.replaceAll(/^ *queue: max\n/gm, "")]));

type Start = {
  /** A repository with a commit; its files, also those that git ignores not, are what jobs check out. */
  readonly repository: string;
  /** Of the file in `.github/workflows`, without its ending. */
  readonly workflow: string;
  /** null: a push. */
  readonly inputs: Readonly<Record<string, string>> | null;
  /** A file with what GitHub would say of the event. */
  readonly event?: string;
  /** Who has started it. */
  readonly actor?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Where act keeps copies while jobs run. */
  readonly cache: string;
};

/** Runs a workflow for real, its jobs as processes of this machine. Gates open by themselves. */
export function act({
  repository,
  workflow,
  inputs,
  event,
  actor,
  env = {},
  secrets = {},
  cache,
}: Start): Promise<{ readonly code: number | null; readonly log: string }> {
  const program = findTool("act");
  if (program === null) throw new Error("act is not installed");
  const pairs = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const args = [
    inputs === null ? "push" : "workflow_dispatch",
    `--workflows=.github/workflows/${workflow}.yml`,
    "--platform=ubuntu-latest=-self-hosted",
    "--no-cache-server",
    `--action-cache-path=${join(cache, "actions")}`,
    "--artifact-server-addr=127.0.0.1",
    ...(event === undefined ? [] : [`--eventpath=${event}`]),
    ...(actor === undefined ? [] : [`--actor=${actor}`]),
    ...pairs("--input", inputs ?? {}),
    ...pairs("--env", env),
    ...pairs("-s", { GITHUB_TOKEN: "not-a-real-token", ...secrets }),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: repository,
      env: { ...process.env, XDG_CACHE_HOME: cache },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, log }));
  });
}
