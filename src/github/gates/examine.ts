import type { Approval, Environment, EnvironmentId, Policy } from "../../core/config/config.ts";
import type { Guard } from "../forge.ts";
import { gateName } from "../../core/config/github.ts";
import { approversOf, isRuledBy, PLAN_HINT } from "./judge.ts";

export type Finding = {
  readonly name: string;
  readonly status: "ok" | "warning" | "problem";
  readonly message: string;
  readonly hint?: string;
};

/** What is known of an environment's gate before the first run comes to it. */
export type Gate = {
  readonly environment: EnvironmentId;
  readonly rules: Environment;
  readonly teams: Policy["teams"];
  /** Of GitHub's environments: that of the gate, and the one that jobs deploy in; null: there is none. */
  readonly guard: Guard | null;
  readonly place: Guard | null;
  readonly isPrivate: boolean;
  /** The App whose decisions count; null: policy names none. */
  readonly app: string | null;
};

const SETTINGS = "in the repository's settings, under Environments";

/** Whether GitHub's environments keep what policy asks for. All findings at once. */
export function examineGate(gate: Gate): readonly Finding[] {
  const { environment, rules, guard } = gate;
  const approvals = [rules.approval, rules.rollback].filter((approval) => approval !== null);
  const found = [...placeFindings(gate)];
  if (approvals.length > 0) {
    found.push(...(isRuledBy(gate.app, guard) ? [] : guardFindings(gate, approvals)));
    if (guard && guard.reviewers.length > 0) found.push(...approvals.flatMap((approval) => peopleFindings(gate, guard, approval)));
  }
  if (found.length > 0) return distinct(found);
  return [{ name: approvals.length > 0 ? gateName(environment) : environment, status: "ok", message: "as policy asks for" }];
}

/** The environment that jobs deploy in holds secrets: whoever may push a branch may write a workflow that names it. */
function placeFindings({ environment, rules, place }: Gate): readonly Finding[] {
  const refs = rules.from.length > 0 ? rules.from.join(", ") : "the branches that may deploy";
  if (place && place.branches !== "any") return [];
  const message = place ? "jobs of any branch may run in it" : "there is none yet: GitHub makes it at its first job, open to every branch";
  return [
    {
      name: environment,
      status: "warning",
      message,
      hint: `${SETTINGS}, restrict its deployment branches to ${refs}: secrets in it are then out of reach of other branches`,
    },
  ];
}

function guardFindings({ environment, guard, isPrivate, app }: Gate, approvals: readonly Approval[]): readonly Finding[] {
  const name = gateName(environment);
  if (!guard || guard.reviewers.length === 0) {
    const message = guard
      ? "asks no reviewer, so every run stops behind it"
      : "there is none, and GitHub would make one without any rule: every run stops behind it";
    const rule = app === null ? "required reviewers" : `the rule of ${app}`;
    const [named] = app === null ? (guard?.apps ?? []) : [];
    const key =
      named === undefined
        ? ""
        : `; or name the App whose rule it has in sluice.yaml, if it is that of sluice serve: github: { app: ${named} }`;
    const hint = `${SETTINGS}, ${guard ? "give it" : "make it with"} ${rule}${key}`;
    return [{ name, status: "problem", message, hint: isPrivate ? `${hint}; ${PLAN_HINT}` : hint }];
  }
  const found: Finding[] = [];
  if (guard.adminsBypass)
    found.push({
      name,
      status: "warning",
      message: "administrators may pass without a review, which sluice ci gate then refuses",
      hint: `${SETTINGS}, take that away`,
    });
  if (!guard.preventsSelfReview && approvals.some(({ self }) => !self))
    found.push({
      name,
      status: "warning",
      message: "who has started a run may review it, which sluice ci gate then refuses",
      hint: `${SETTINGS}, prevent self-review`,
    });
  return found;
}

/** Reviewers on GitHub and approvers of policy are two lists: only who is in both can let a run pass. Who is in GitHub's teams is not known here. */
function peopleFindings({ environment, rules, teams }: Gate, { reviewers }: Guard, approval: Approval): readonly Finding[] {
  const name = gateName(environment);
  const approvers = approversOf(rules, approval, teams);
  if (approvers === null) return [];
  const persons = reviewers.filter((reviewer) => !reviewer.startsWith("team:"));
  const strangers = persons.filter((person) => !approvers.includes(person));
  const hint = "make the two lists one: logins as GitHub writes them";
  if (persons.length === reviewers.length && strangers.length === persons.length)
    return [
      {
        name,
        status: "problem",
        message: `none of its reviewers (${persons.join(", ")}) may approve by policy (${approvers.join(", ") || "nobody"})`,
        hint,
      },
    ];
  return strangers.map((person) => ({ name, status: "warning", message: `${person} may review it on GitHub, and not by policy`, hint }));
}

function distinct(found: readonly Finding[]): readonly Finding[] {
  return [...new Map(found.map((finding) => [`${finding.name} ${finding.message}`, finding])).values()];
}
