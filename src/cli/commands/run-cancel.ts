import { Option, type Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { follow } from "../follow/follow.ts";
import { hasEnded } from "../follow/view.ts";
import { fetchRun } from "../follow/watch.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { runJson } from "./shown.ts";

type Options = { readonly now?: boolean; readonly reason?: string; readonly yes?: boolean };

export function addRunCancel(run: Command, perform: Perform): void {
  const command = run
    .command("cancel")
    .description("Start nothing more of a run. What runs is awaited; with --now it is stopped")
    .argument("<run>", "the run's id")
    .option("--now", "stop what runs, too")
    .addOption(new Option("--reason <text>", "why, for the record").argParser(said))
    .addOption(yesOption())
    .action(perform(cancel));
  examples(command, [
    ["sluice run cancel 42", "let running steps end"],
    ['sluice run cancel 42 --now --reason "wrong commit"', "stop them"],
  ]);
}

async function cancel(session: Session, id: string, options: Options): Promise<ExitCode> {
  const connection = await session.connect("act");
  const old = await fetchRun(connection, id);
  session.say(`run ${id}: ${old.kind} ${shortCommit(old.commit)}, ${old.status}`);
  await session.confirm(options.now ? "Stop it now?" : "Cancel it?", options.yes);
  const cancelled = await answer(
    connection.client.POST("/api/v1/runs/{id}/cancel", {
      params: { path: { id }, header: { "idempotency-key": idempotencyKey() } },
      body: { now: options.now ?? false, reason: options.reason ?? null },
    }),
  );
  // Nobody else has the store: steps that are awaited or being stopped end before it is given back.
  if (connection.drivenBy === "this process" && !hasEnded(cancelled)) await follow(session, id, { need: "act", waits: false });
  const now = await fetchRun(await session.connect("act"), id);
  if (session.json) session.printJson(runJson(now));
  else
    session.print(
      hasEnded(now) ? `run ${id} ${now.status}` : `run ${id} starts nothing more; it ends when what runs has ended: sluice run watch ${id}`,
    );
  return EXIT.done;
}
