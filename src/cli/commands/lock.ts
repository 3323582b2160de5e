import { Option, type Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { examples, said, untilOf, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly reason: string; readonly until?: string; readonly yes?: boolean };

export function addLock(program: Command, perform: Perform): void {
  const command = program
    .command("lock")
    .description("Stop deploys and rollbacks of one target, or of all in an environment. What would start there waits, and does not fail")
    .argument("<on>", "a target such as api@mainnet, or an environment", said)
    .addOption(new Option("--reason <text>", "why, shown to whoever waits").argParser(said).makeOptionMandatory())
    .option("--until <when>", "when it ends by itself: 2h, or a time such as 2026-01-31T09:30Z (default: when somebody unlocks it)")
    .addOption(yesOption())
    .action(perform(lock));
  examples(command, [
    ['sluice lock api@mainnet --reason "migration runs"', "one target"],
    ['sluice lock mainnet --reason "audit" --until 2h', "a whole environment, for two hours"],
  ]);
}

async function lock(session: Session, on: string, options: Options): Promise<ExitCode> {
  const until = options.until === undefined ? null : untilOf(options.until, session.context.now());
  const { client } = await session.connect("act");
  const ends = until === null ? "" : ` until ${until}`;
  await session.confirm(`Lock ${on}${ends}?`, options.yes);
  const params = { path: { id: on }, header: { "idempotency-key": idempotencyKey() } };
  const body = { reason: options.reason, until };
  const locked = on.includes("@")
    ? await answer(client.POST("/api/v1/targets/{id}/lock", { params, body }))
    : await answer(client.POST("/api/v1/environments/{id}/lock", { params, body }));
  if (session.json) session.printJson(locked);
  else session.print(`${on} is locked${ends}: nothing starts there until \`sluice unlock ${on}\``);
  return EXIT.done;
}
