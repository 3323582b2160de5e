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

type Approval = Schemas["PendingApproval"];

export function addApprovals(program: Command, perform: Perform): void {
  const command = program
    .command("approvals")
    .description("List the gates that wait for a decision")
    .action(
      perform(async (session) => {
        const approvals = await pendingApprovals(await session.connect("read"));
        if (session.json) session.printJson(approvals.map(approvalJson));
        else if (approvals.length === 0) session.print("Nothing waits for a decision");
        else {
          const now = session.context.now();
          const rows = approvals.map((approval) => [
            shortCommit(approval.commit),
            approval.environment,
            approval.run,
            ago(approval.since, now),
            listed(
              approval.members.map((member) => member.slice(0, member.lastIndexOf("@"))),
              6,
            ),
            safe(approval.subject ?? ""),
          ]);
          session.print(table(["COMMIT", "ENVIRONMENT", "RUN", "SINCE", "MEMBERS", "SUBJECT"], rows, session.width));
          for (const [commit, environment] of gates(approvals)) session.print(`sluice approve ${shortCommit(commit)} --env ${environment}`);
        }
        return EXIT.done;
      }),
    );
  examples(command, [
    ["sluice approvals", "what waits, and the command that approves it"],
    ["sluice approvals --json", "as a list of {run, environment, commit, fingerprint, members, since}"],
  ]);
}

export async function pendingApprovals({ client }: Connection): Promise<readonly Approval[]> {
  // The list has no pages yet; `next` says so, and is followed all the same.
  return everyItem(() => answer(client.GET("/api/v1/approvals")));
}

function approvalJson({ run, environment, commit, fingerprint, members, since }: Approval): object {
  return { run, environment, commit, fingerprint, members, since };
}

function gates(approvals: readonly Approval[]): readonly (readonly [string, string])[] {
  return [...new Map(approvals.map(({ commit, environment }) => [`${commit} ${environment}`, [commit, environment] as const])).values()];
}
