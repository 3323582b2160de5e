import type { Command } from "commander";
import { follow } from "../follow/follow.ts";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import { runJson } from "./shown.ts";

export function addRunWatch(run: Command, perform: Perform): void {
  const command = run
    .command("watch")
    .description("Follow a run to its end. Where nothing drives it, this does; its exit code is the run's")
    .argument("<run>", "the run's id")
    .action(
      perform(async (session, id: string) => {
        const followed = await follow(session, id);
        if (session.json) session.printJson(runJson(followed.run));
        return followed.exit;
      }),
    );
  examples(command, [["sluice run watch 42", "go on watching, also after Ctrl-C"]]);
}
