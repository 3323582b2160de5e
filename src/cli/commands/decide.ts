import { idempotencyKey, type Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer, everyItem, PAGE_SIZE } from "../api.ts";
import type { Connection } from "../context.ts";
import { count, listed, safe } from "../output/text.ts";
import { table } from "../output/table.ts";
import type { Session } from "../session.ts";
import { pendingApprovals } from "./approvals.ts";
import { commitText } from "./shown.ts";

export type Decision = {
  readonly verdict: "approved" | "rejected";
  readonly commit: string;
  readonly environment: string;
  readonly comment: string | null;
  readonly expect: string | null;
  readonly yes: boolean | undefined;
};

/** Shows every gate that the decision is about, asks, and has it recorded. */
export async function decide(session: Session, connection: Connection, decision: Decision): Promise<Schemas["DecisionAnswer"]> {
  const { verdict, environment } = decision;
  const gates = (await pendingApprovals(connection)).filter(
    (gate) => gate.environment === environment && names(decision.commit, gate.commit),
  );
  if (gates.length > 0) {
    await show(session, connection, gates, environment);
    await session.confirm(verdict === "approved" ? "Approve this?" : "Reject this?", decision.yes);
  }
  const [only, ...others] = gates;
  // What a person has just agreed to is what is approved, and nothing that came meanwhile.
  const seen = session.context.interactive && !decision.yes && only !== undefined && others.length === 0 ? only.fingerprint : null;
  return answer(
    connection.client.POST("/api/v1/decisions", {
      params: { header: { "idempotency-key": idempotencyKey() } },
      body: { verdict, commit: only?.commit ?? decision.commit, environment, comment: decision.comment, expect: decision.expect ?? seen },
    }),
  );
}

/** A branch or tag is no beginning of a commit's id: what it stands for is then the server's to say. */
const names = (given: string, commit: string): boolean => /^[0-9a-f]{4,}$/i.test(given) && commit.startsWith(given.toLowerCase());

async function show(
  session: Session,
  connection: Connection,
  gates: readonly Schemas["PendingApproval"][],
  environment: string,
): Promise<void> {
  const targets = await everyItem((cursor) =>
    answer(
      connection.client.GET("/api/v1/targets", {
        params: { query: { environment, limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
  const live = new Map(targets.map((target) => [`${target.service}@${target.environment}`, target.commit]));
  for (const gate of gates) {
    session.say(`run ${gate.run}, ${environment}: ${commitText(gate.commit, gate.subject)}`);
    const rows = gate.members.map((member) => {
      const from = live.get(member) ?? null;
      return [`  ${member}`, from === null ? "-" : shortCommit(from), shortCommit(gate.commit)];
    });
    session.say(table(["  MEMBER", "LIVE", "NEW"], rows, session.width));
    for (const { target, why } of gate.leftOut) session.say(`  left out: ${target}, ${safe(why)}`);
  }
}

/** What was decided, in words. */
export function decisionText(decision: Decision, recorded: Schemas["DecisionAnswer"]): string {
  const members = `${count(recorded.targets.length, "member")}${recorded.targets.length === 0 ? "" : ` (${listed(recorded.targets)})`}`;
  const runs = recorded.runs.length === 0 ? "" : `, ${recorded.runs.length === 1 ? "run" : "runs"} ${listed(recorded.runs)}`;
  return `${decision.commit} ${recorded.already ? `was ${decision.verdict} already` : decision.verdict} in ${decision.environment}: ${members}${runs}`;
}
