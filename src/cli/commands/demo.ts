import { Option, type Command } from "commander";
import { examples, wholeNumber } from "../options.ts";
import type { Perform } from "../perform.ts";

type Options = { readonly port?: number; readonly reset?: boolean };

export function addDemo(program: Command, perform: Perform): void {
  const command = program
    .command("demo")
    .description(
      "Try it: a sample monorepo with three environments as real processes on this machine. Goes on where it was; Ctrl-C stops all of it",
    )
    .option("--reset", "throw away what an earlier demo left, and start anew")
    .addOption(
      new Option("-p, --port <port>", "the server's port (default: 7700, or a free one where that is in use)").argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .action(
      perform((session, options: Options) =>
        session.context.demo({ directory: session.directory, port: options.port ?? null, reset: options.reset ?? false }),
      ),
    );
  examples(command, [
    ["sluice demo", "in .demo of this directory, or in SLUICE_DEMO_DIR"],
    ["sluice demo --reset", "from the beginning"],
  ]);
}
