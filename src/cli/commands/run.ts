import type { Command } from "commander";
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
}
