import type { Schemas } from "../../../../src/contract/client.ts";

type Pending = Schemas["PendingApproval"];

/** What one decision decides: every gate that waits for a commit in an environment, whichever runs they belong to. */
export type Question = {
  readonly commit: string;
  readonly environment: string;
  readonly subject: string | null;
  /** Over everything that is shown; the decision names it, so that nothing else is decided. */
  readonly set: string;
  /** By member, what would be applied. */
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly members: readonly string[];
  readonly leftOut: Pending["leftOut"];
  readonly runs: readonly string[];
  /** Empty: anyone. */
  readonly approvers: readonly string[];
  /** How many persons must approve, and who has. */
  readonly count: number;
  readonly approved: Pending["approved"];
  /** Who may let it pass in an emergency. */
  readonly emergency: readonly string[];
  /** Members have yet to arrive. */
  readonly early: boolean;
  readonly exceptions: readonly Exception[];
  /** When the first of them began to wait. */
  readonly since: string;
};

/** What a run asks to be let through, and why. */
export type Exception = { readonly run: string; readonly kind: "skip-needs" | "diverged"; readonly reason: string };

export function questionsOf(pending: readonly Pending[]): readonly Question[] {
  const groups = Map.groupBy(pending, (each) => `${each.environment} ${each.commit}`);
  return [...groups.values()].flatMap((group) => questionOf(group) ?? []);
}

function questionOf(group: readonly Pending[]): Question | null {
  const first = group[0];
  if (!first) return null;
  const members = unique(group.flatMap((each) => each.members)).sort();
  const leftOut = new Map(group.flatMap((each) => each.leftOut.map((one) => [one.target, one] as const)));
  return {
    commit: first.commit,
    environment: first.environment,
    subject: first.subject ?? null,
    set: first.set,
    fingerprints: Object.assign({}, ...group.map((each) => each.fingerprints)) as Record<string, string>,
    members,
    // Left out of one run, it may be a member of another.
    leftOut: [...leftOut.values()].filter((each) => !members.includes(each.target)),
    runs: group.map((each) => each.run),
    approvers: unique(group.flatMap((each) => each.approvers)),
    count: Math.max(...group.map((each) => each.count)),
    approved: [...new Map(group.flatMap((each) => each.approved.map((one) => [one.by, one] as const))).values()],
    emergency: unique(group.flatMap((each) => each.emergency)),
    early: group.some((each) => each.early),
    exceptions: group.flatMap(exceptionsOf),
    since: group.reduce((least, each) => (each.since < least ? each.since : least), first.since),
  };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

const exceptionsOf = ({ run, skipNeeds, acceptDiverged }: Pending): readonly Exception[] => [
  ...(skipNeeds === null ? [] : [{ run, kind: "skip-needs" as const, reason: skipNeeds }]),
  ...(acceptDiverged === null ? [] : [{ run, kind: "diverged" as const, reason: acceptDiverged }]),
];

/** How a set differs from the one that somebody has looked at. */
export type SetChange = { readonly come: readonly string[]; readonly gone: readonly string[]; readonly other: readonly string[] };

export function setChange(seen: Pick<Question, "fingerprints">, now: Pick<Question, "fingerprints">): SetChange {
  const before = Object.keys(seen.fingerprints);
  const after = Object.keys(now.fingerprints);
  return {
    come: after.filter((target) => !before.includes(target)).sort(),
    gone: before.filter((target) => !after.includes(target)).sort(),
    other: after.filter((target) => before.includes(target) && seen.fingerprints[target] !== now.fingerprints[target]).sort(),
  };
}
