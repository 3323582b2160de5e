import { Option, type Command } from "commander";
import { examples, policyRefOption, wholeNumber } from "../options.ts";
import type { Perform } from "../perform.ts";

type Options = { readonly port?: number; readonly host?: string; readonly policyRef?: string; readonly standby?: boolean };

export function addServe(program: Command, perform: Perform): void {
  const command = program
    .command("serve")
    .description("Run the server, its API and its page, until Ctrl-C. What runs then goes on when it is started again")
    .addOption(
      new Option("-p, --port <port>", "the port (default: 7700, or a free one where that is in use; 0: any that is free)").argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .option("--host <address>", "where to listen (default: 127.0.0.1); elsewhere only with SLUICE_TOKEN")
    .option("--standby", "where another process has the store, wait, and take it when that one has ended or hangs")
    .addOption(policyRefOption())
    .action(
      perform((session, options: Options) =>
        session.context.serve({
          directory: session.directory,
          host: options.host ?? null,
          port: options.port ?? null,
          policyRef: options.policyRef ?? null,
          standby: options.standby ?? false,
        }),
      ),
    );
  examples(command, [
    ["sluice serve", "prints SLUICE_URL=http://127.0.0.1:7700"],
    ["sluice serve --standby", "beside a server that runs: takes over when it ends or hangs"],
    ["SLUICE_CONCURRENCY=40 sluice serve", "builds and deploys at once (default: twice the cores, ten at least)"],
    ["SLUICE_TOKEN=ana:s3cret sluice serve --host 0.0.0.0", "for others too, each with a token of their own"],
  ]);
}
