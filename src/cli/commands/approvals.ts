import { serviceOf } from "../../core/config/names.ts";
import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer, everyItem } from "../api.ts";
import type { Connection } from "../context.ts";
import { EXIT } from "../exit.ts";
import { examples } from "../options.ts";
import { table } from "../output/table.ts";
import { ago, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { stopsIn } from "./stops.ts";

export type Approval = Schemas["PendingApproval"];

/** What one decision is about: the gates of all runs that wait for a commit in an environment. */
export type Gates = {
  readonly commit: string;
  readonly environment: string;
  readonly subject: string | undefined;
  readonly all: readonly [Approval, ...Approval[]];
  readonly members: readonly string[];
};

export function addApprovals(program: Command, perform: Perform): void {
  const command = program
    .command("approvals")
    .description("List what waits for a decision: one line for each commit and environment, over all runs")
    .action(
      perform(async (session) => {
        const connection = await session.connect("read");
        const approvals = await pendingApprovals(connection);
        if (session.json) session.printJson(approvals.map(approvalJson));
        else if (approvals.length === 0) session.print("Nothing waits for a decision");
        else {
          const gates = gatesOf(approvals);
          session.print(approvalsText(session, gates));
          const stopped = await stopsIn(connection, [...new Set(gates.map(({ environment }) => environment))]);
          for (const line of stopped) session.print(line);
        }
        return EXIT.done;
      }),
    );
  examples(command, [
    ["sluice approvals", "what waits, and the command that approves it"],
    ["sluice approvals --json", "one item a run; `set` is what `approve --expect` takes, over all runs"],
  ]);
}

export async function pendingApprovals({ client }: Connection): Promise<readonly Approval[]> {
  // The list has no pages yet; `next` says so, and is followed all the same.
  return everyItem(() => answer(client.GET("/api/v1/approvals")));
}

export function gatesOf(approvals: readonly Approval[]): readonly Gates[] {
  const groups = Map.groupBy(approvals, ({ commit, environment }) => `${commit} ${environment}`);
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const all = [first, ...others] as const;
    const members = [...new Set(all.flatMap((approval) => approval.members))];
    return [{ commit: first.commit, environment: first.environment, subject: first.subject, all, members }];
  });
}

/** `1 of 2 (ana)`: who has approved of how many. */
export function approvedText({ all }: Gates): string {
  const persons = [...new Set(all.flatMap(({ approved }) => approved.map(({ by }) => safe(by))))];
  const count = Math.max(...all.map((approval) => approval.count));
  return `${persons.length} of ${count}${persons.length === 0 ? "" : ` (${listed(persons)})`}`;
}

/** What an approval would let through against the rules, that it would be early, and what the plans want noticed. */
export function exceptionLines({ all, environment }: Gates): readonly string[] {
  const lines = all.flatMap(({ run, early, skipNeeds, acceptDiverged }) => [
    ...(early ? [`run ${run} is early: not all of it has arrived in ${environment}`] : []),
    ...(skipNeeds === null ? [] : [`run ${run} skips the environments before: ${safe(skipNeeds)}`]),
    ...(acceptDiverged === null ? [] : [`run ${run} goes over what has diverged: ${safe(acceptDiverged)}`]),
  ]);
  return [...lines, ...new Set(all.flatMap(({ notes }) => notes.map((note) => `note: ${safe(note)}`)))];
}

/** What `--json` shows of each, in this order. */
const SHOWN = [
  "run",
  "environment",
  "commit",
  "fingerprint",
  "set",
  "members",
  "since",
  "approvers",
  "count",
  "approved",
  "early",
  "skipNeeds",
  "acceptDiverged",
  "notes",
] as const;

const approvalJson = (approval: Approval): object => Object.fromEntries(SHOWN.map((key) => [key, approval[key]]));

function approvalsText(session: Session, gates: readonly Gates[]): string {
  const now = session.context.now();
  const rows = gates.map((gate) => [
    shortCommit(gate.commit),
    gate.environment,
    listed(gate.all.map(({ run }) => run)),
    ago(gate.all.map(({ since }) => since).toSorted()[0] ?? "", now),
    approvedText(gate),
    listed(gate.members.map(serviceOf), 6),
    safe(gate.subject ?? ""),
  ]);
  const commands = gates.flatMap((gate) => [
    ...exceptionLines(gate),
    `sluice approve ${shortCommit(gate.commit)} --env ${gate.environment}`,
  ]);
  return [
    table(["COMMIT", "ENVIRONMENT", "RUNS", "SINCE", "APPROVED", "MEMBERS", "SUBJECT"], rows, session.width).trimEnd(),
    ...commands,
  ].join("\n");
}
