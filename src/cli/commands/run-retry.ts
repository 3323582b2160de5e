import type { Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import { fetchRun } from "../follow/watch.ts";
import { examples, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import { started } from "./deploy.ts";

type Options = { readonly wait: boolean; readonly yes?: boolean };

export function addRunRetry(run: Command, perform: Perform): void {
  const command = run
    .command("retry")
    .description("Try again what did not succeed in a run, and follow it. What is live already is not deployed again")
    .argument("<run>", "the run's id")
    .option("--no-wait", "return once it is admitted; needs a server")
    .addOption(yesOption())
    .action(
      perform(async (session, id: string, options: Options) => {
        const connection = await session.connect(options.wait ? "drive" : "stay");
        const old = await fetchRun(connection, id);
        session.say(`retry of run ${id}: ${old.kind} ${shortCommit(old.commit)}, ${old.status}`);
        await session.confirm("Try it again?", options.yes);
        const admitted = await answer(
          connection.client.POST("/api/v1/runs/{id}/retry", { params: { path: { id }, header: { "idempotency-key": idempotencyKey() } } }),
        );
        return started(session, admitted.run, options.wait);
      }),
    );
  examples(command, [["sluice run retry 42", "after the cause is gone"]]);
}
