import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";

export function addSchema(program: Command, perform: Perform): void {
  const command = program
    .command("schema")
    .description("Print the JSON Schema of sluice.yaml, with which editors complete and explain it")
    .action(
      perform(async (session) => {
        const { configJsonSchema } = await import("../../core/config/json-schema.ts");
        session.printJson(configJsonSchema(await session.context.adapters()));
        return EXIT.done;
      }),
    );
  examples(command, [
    [
      "sluice schema > sluice.schema.json",
      "then name it in the first line of sluice.yaml: # yaml-language-server: $schema=sluice.schema.json",
    ],
  ]);
}
