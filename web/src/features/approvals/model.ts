import type { Schemas } from "../../../../src/contract/client.ts";

type Pending = Schemas["PendingApproval"];

/** What one decision decides: every gate that waits for a commit in an environment, whichever runs they belong to. */
export type Question = {
  readonly commit: string;
  readonly environment: string;
  readonly subject: string | null;
  /** Over everything that is shown; the decision names it, so that nothing else is decided. */
  readonly fingerprint: string;
  readonly members: readonly string[];
  readonly leftOut: Pending["leftOut"];
  readonly runs: readonly string[];
  readonly approvers: readonly string[];
  /** When the first of them began to wait. */
  readonly since: string;
};

export function questionsOf(pending: readonly Pending[]): readonly Question[] {
  const groups = Map.groupBy(pending, (each) => `${each.environment} ${each.commit}`);
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (!first) return [];
    const members = [...new Set(group.flatMap((each) => each.members))].sort();
    const leftOut = new Map(group.flatMap((each) => each.leftOut.map((one) => [one.target, one] as const)));
    return [
      {
        commit: first.commit,
        environment: first.environment,
        subject: first.subject ?? null,
        fingerprint: first.fingerprint,
        members,
        // Left out of one run, it may be a member of another.
        leftOut: [...leftOut.values()].filter((each) => !members.includes(each.target)),
        runs: group.map((each) => each.run),
        approvers: [...new Set(group.flatMap((each) => each.approvers))],
        since: group.reduce((least, each) => (each.since < least ? each.since : least), first.since),
      },
    ];
  });
}
