import { quote, suggest } from "./names.ts";
import { resolvePrincipals, teamOf } from "./principals.ts";
import type { Report } from "./report.ts";
import type { RawApproval, RawFile } from "./schema.ts";
import type { At } from "./shape.ts";
import type { Span } from "./lines.ts";

/** Teams that must exist, and approvals that nobody could give. */
export function checkPeople(raw: RawFile, teamsUnread: boolean, report: Report): void {
  if (teamsUnread) return;
  const teams = Object.fromEntries([...(raw.teams ?? [])].map(([id, { value }]) => [id, (value ?? []).map((person) => person.value)]));
  for (const { value } of raw.environments?.values() ?? []) {
    if (value === undefined) continue;
    checkPrincipals(value.deployers, teams, report);
    checkPrincipals(value.emergency, teams, report);
    for (const approval of [value.approval, value.rollback]) {
      if (approval === undefined) continue;
      checkPrincipals(approval.approvers, teams, report);
      checkCount(approval, value.deployers ?? [], teams, report);
    }
  }
}

type Teams = Readonly<Record<string, readonly string[]>>;

function checkPrincipals(principals: readonly At<string>[] | undefined, teams: Teams, report: Report): void {
  for (const { value, at } of principals ?? []) {
    const team = teamOf(value);
    if (team === null) {
      if (Object.hasOwn(teams, value))
        report.warning(
          "looks-like-team",
          at,
          `${quote(value)} is a person here, but there is a team of that name`,
          `write ${quote(`team:${value}`)} if you mean the team`,
        );
    } else if (!Object.hasOwn(teams, team)) {
      report.error("unknown-team", at, `there is no team ${quote(team)}`, () => suggest(team, Object.keys(teams), "teams"));
    }
  }
}

/** Who may approve is whom `approvers` names, else whom `deployers` names, else anyone. */
function checkCount(approval: RawApproval, deployers: readonly At<string>[], teams: Teams, report: Report): void {
  const count = approval.count?.value ?? 1;
  const said = approval.approvers !== undefined && approval.approvers.length > 0 ? approval.approvers : deployers;
  const [first] = said;
  // A team that does not exist is a problem of its own.
  if (first === undefined || said.some(({ value }) => !Object.hasOwn(teams, teamOf(value) ?? value) && teamOf(value) !== null)) return;
  const able = resolvePrincipals(
    said.map(({ value }) => value),
    teams,
  );
  if (able.length >= count) return;
  const at: Span = approval.count?.at ?? first.at;
  if (able.length === 0) report.error("too-few-approvers", at, "nobody could approve: the team is empty", "put somebody into it");
  else
    report.error("too-few-approvers", at, `${count} must approve, but only ${able.length} could`, "lower `count`, or name more approvers");
}
