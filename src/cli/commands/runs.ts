import { Option, type Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer, PAGE_SIZE } from "../api.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { collect, examples, wholeNumber } from "../options.ts";
import { paintStatus } from "../output/paint.ts";
import { table } from "../output/table.ts";
import { ago, duration, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly status?: string[]; readonly limit: number };
type Run = Schemas["Run"];

export function addRuns(program: Command, perform: Perform): void {
  const command = program
    .command("runs")
    .description("List runs, the newest first")
    .addOption(new Option("--status <status...>", "only runs with these statuses, such as running or waiting").argParser(collect))
    .addOption(new Option("-n, --limit <number>", "how many").argParser(wholeNumber(1, 100_000)).default(20))
    .action(perform(runs));
  examples(command, [
    ["sluice runs", "the last 20"],
    ["sluice runs --status running,waiting", "what is under way"],
    ["sluice runs --limit 1000 --json", "as JSON"],
  ]);
}

async function runs(session: Session, options: Options): Promise<ExitCode> {
  const { client } = await session.connect("read");
  const found: Run[] = [];
  for (let cursor: string | null | undefined; cursor !== null && found.length < options.limit;) {
    const limit = Math.min(PAGE_SIZE, options.limit - found.length);
    const query = { limit, ...(cursor === undefined ? {} : { cursor }), ...(options.status ? { status: options.status.join(",") } : {}) };
    const page: Schemas["RunPage"] = await answer(client.GET("/api/v1/runs", { params: { query } }));
    found.push(...page.items);
    cursor = page.next;
  }
  if (session.json) session.printJson(found);
  else if (found.length === 0) session.print("No runs: sluice deploy --all starts one");
  else
    session.print(
      table(["RUN", "KIND", "STATUS", "COMMIT", "ENVIRONMENTS", "BY", "STARTED", "TOOK", "REASON"], rowsOf(session, found), session.width),
    );
  return EXIT.done;
}

function rowsOf({ colors, context }: Session, found: readonly Run[]) {
  const now = context.now();
  return found.map((run) => [
    run.id,
    run.kind,
    { text: run.status, paint: (text: string) => paintStatus(run.status, colors, text) },
    shortCommit(run.commit),
    run.environments.join(", "),
    safe(run.by),
    ago(run.createdAt, now),
    run.endedAt === null ? "" : duration(Date.parse(run.endedAt) - Date.parse(run.createdAt)),
    safe(run.reason ?? ""),
  ]);
}
