import { runCli } from "../cli/program.ts";
import { EXIT } from "../cli/exit.ts";
import { processContext } from "./context.ts";

/** The program: runs one command line and resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    // The second time means at once. What runs as attempts lives on either way.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // `nohup` has this one ignored and takes the terminal away; a handler would undo that.
  if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) process.on("SIGHUP", interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever read along has gone (`sluice runs | head`): there is nobody left to tell.
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.failed));
  }
  return runCli(processContext(interruption.signal), argv);
}
