import { Option, type Command } from "commander";
import { idempotencyKey, type Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer } from "../api.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { environmentOption, examples, said, servicesOf, yesOption } from "../options.ts";
import { table } from "../output/table.ts";
import { ago, count, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { started } from "./deploy.ts";

type Options = {
  readonly all?: boolean;
  readonly only?: string[];
  readonly env: string;
  readonly to?: string;
  readonly reason?: string;
  readonly now?: boolean;
  readonly acceptUnknown?: boolean;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly yes?: boolean;
};

export function addRollback(program: Command, perform: Perform): void {
  const command = program
    .command("rollback")
    .description("Bring an environment back to a set that worked, frontends first. Holds the environment for deploys until `sluice unhold`")
    .argument("[services...]", "only these services of the set")
    .option("-a, --all", "the whole set")
    .addOption(new Option("--only <service...>", "only these services of the set"))
    .addOption(environmentOption())
    .option("--to <where>", "a snapshot's id, a commit or a time such as 2026-01-31T09:30Z (default: the set before the newest release)")
    .addOption(new Option("--reason <text>", "why, for the record; needed unless --dry-run").argParser(said))
    .option("--now", "cut short what runs there instead of awaiting it")
    .option(
      "--accept-unknown",
      "go back also where it cannot be known whether that can be done, such as over a commit that is gone; not over what is known to be irreversible",
    )
    .option("--dry-run", "print what would be done, and stop")
    .option("--no-wait", "return once the run is admitted; needs a server")
    .addOption(yesOption())
    .action(perform(rollback));
  examples(command, [
    ['sluice rollback --all --env mainnet --reason "checkout fails"', "back to the set before the newest release"],
    ["sluice rollback --all --env mainnet --dry-run", "from, to, means and every problem; touches nothing"],
    ['sluice rollback --all --env devnet --to 4f9c2d1 --reason "try the old one"', "back to the set of a commit"],
    ['sluice rollback web --env mainnet --reason "blank page"', "one service of the set"],
  ]);
}

async function rollback(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const meant = servicesOf([...services, ...(options.only ?? [])], options);
  const { reason } = options;
  if (reason === undefined && !options.dryRun)
    throw new CliError(EXIT.usage, "A rollback needs a --reason", "It is kept with the run, and shown where the environment is held");
  const { client } = await session.connect(options.dryRun ? "read" : options.wait ? "drive" : "stay");
  const set = { environment: options.env, services: meant, to: options.to ?? null, acceptUnknown: options.acceptUnknown ?? false };
  const preview = await session.patiently(answer(client.POST("/api/v1/rollbacks/preview", { body: set })));
  if (options.dryRun && session.json) session.printJson(previewJson(preview));
  else session.say(previewText(session, preview));
  if (preview.problems.length > 0) throw refusal(preview);
  if (options.dryRun || reason === undefined) return EXIT.done;
  await session.confirm(`Roll back ${count(moving(preview).length, "service")} in ${options.env}?`, options.yes);

  const { run } = await answer(
    client.POST("/api/v1/rollbacks", {
      params: { header: { "idempotency-key": idempotencyKey() } },
      // The snapshot that was shown, whatever would be offered by now.
      body: { ...set, to: preview.snapshot.id, reason, now: options.now ?? false },
    }),
  );
  const exit = await started(session, run, options.wait);
  session.say(`${options.env} stays held for deploys: sluice unhold ${options.env}`);
  return exit;
}

const moving = (preview: Schemas["RollbackPreview"]) => preview.targets.filter(({ skip }) => skip === null);

function refusal(preview: Schemas["RollbackPreview"]): CliError {
  return new CliError(
    EXIT.failed,
    `Not rolled back: ${count(preview.problems.length, "problem")} in ${preview.environment}; nothing has been touched`,
    null,
  );
}

function previewJson({ environment, snapshot, targets, problems, notes }: Schemas["RollbackPreview"]): object {
  return { environment, snapshot, targets, problems, notes };
}

function previewText(session: Session, preview: Schemas["RollbackPreview"]): string {
  const { colors } = session;
  const { snapshot } = preview;
  const rows = preview.targets.map(({ target, from, to, means, skip }) => [
    target,
    from === null ? "-" : shortCommit(from),
    shortCommit(to),
    skip === null ? safe(means) : { text: `stays: ${safe(skip)}`, paint: colors.dim },
  ]);
  const problems = preview.problems.map(({ target, message, hint }) =>
    [`${colors.red("problem:")} ${target === null ? "" : `${target}: `}${safe(message)}`, ...(hint ? [`  ${safe(hint)}`] : [])].join("\n"),
  );
  // the table has said of these why they stay
  const staying = new Set(preview.targets.flatMap(({ target, skip }) => (skip === null ? [] : [target])));
  const notes = preview.notes.filter((note) => !staying.has(note.split(" ", 1)[0] ?? "")).map((note) => `note: ${safe(note)}`);
  return [
    `rollback of ${preview.environment} to ${shortCommit(snapshot.release)} (snapshot ${snapshot.id}, ${ago(snapshot.at, session.context.now())})`,
    table(["TARGET", "FROM", "TO", "HOW"], rows, session.width).trimEnd(),
    ...notes,
    ...problems,
  ].join("\n");
}
