import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import { addRunCancel } from "./run-cancel.ts";
import { addRunLogs } from "./run-logs.ts";
import { addRunRetry } from "./run-retry.ts";
import { addRunSettle } from "./run-settle.ts";
import { addRunShow } from "./run-show.ts";
import { addRunWatch } from "./run-watch.ts";

export function addRun(program: Command, perform: Perform): void {
  const run = program.command("run").description("Look at one run, or act on it");
  for (const add of [addRunShow, addRunWatch, addRunLogs, addRunRetry, addRunCancel, addRunSettle]) add(run, perform);
  examples(run, [
    ["sluice run show 42", "each step, and why it waits or ended"],
    ["sluice run logs 42 deploy:api@mainnet", "one step's log"],
    ["sluice run retry 42", "what did not succeed, again"],
  ]);
}
