import type { Approval, Environment, EnvironmentId, Policy } from "../../core/config/config.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import type { Guard, Review } from "../forge.ts";
import { gateName } from "../../core/config/github.ts";
import type { GateRecord } from "../records/gates.ts";

/** What has to be known of a gate that a workflow run has passed. */
export type Passed = {
  readonly environment: EnvironmentId;
  /** Of the gate's environment; null: there is none. */
  readonly guard: Guard | null;
  /** Whether the repository is private: there not every plan of GitHub's has reviewers. */
  readonly isPrivate: boolean;
  /** All of this workflow run, of every attempt of it: GitHub does not say of which. */
  readonly reviews: readonly Review[];
  /** How often GitHub has let it pass here, over every attempt of the run. */
  readonly passes: number;
  /** Logins of who has started the run, or had it run again. */
  readonly starters: readonly string[];
  readonly approval: Approval;
  /** Logins of who may approve; null: anyone. */
  readonly approvers: readonly string[] | null;
  /** Logins of who may let it pass in an emergency. */
  readonly emergency: readonly string[];
  /** The App whose decisions count, by its slug; null: policy names none. */
  readonly app: string | null;
  /** What that App has recorded of this attempt of the run; null: nothing. */
  readonly decision: GateRecord | null;
};
export type Problem = { readonly message: string; readonly hint: string };
export type Verdict = { readonly approvedBy: readonly string[]; readonly problems: readonly Problem[] };

/** For private repositories. */
export const PLAN_HINT =
  "of private repositories only GitHub Enterprise has reviewers: make the repository public, change the plan, or let sluice serve decide";

/** Who may approve there, by policy: approvers, else deployers, teams resolved; null: anyone. */
export function approversOf({ deployers }: Environment, { approvers }: Approval, teams: Policy["teams"]): readonly string[] | null {
  const named = approvers.length > 0 ? approvers : deployers;
  return named.length === 0 ? null : resolvePrincipals(named, teams);
}

/**
 * Whether a run has passed its gate by an approval that policy counts. That GitHub has let it pass is not enough: it makes an environment without any rule for a job that names one that is not there,
 * lets administrators pass without a review, and knows nothing of policy. All that is wrong is told at once.
 */
export function judgeGate(passed: Passed): Verdict {
  return isRuledBy(passed.app, passed.guard) ? judgeDecision(passed) : judgeReviews(passed);
}

/** Whether the App's rule is among those that have to let a run pass there. */
export const isRuledBy = (app: string | null, guard: Guard | null): app is string => app !== null && guard?.apps.includes(app) === true;

/** The App asks policy's approvers, on its own page: reviewers of GitHub's may end a run there, and approve nothing. */
function judgeDecision(passed: Passed): Verdict {
  const { environment, app, decision, reviews, approval, emergency } = passed;
  const rejected = rejection(environment, reviewsAt(environment, reviews));
  const problems = rejected ? [rejected] : [];
  if (decision === null) {
    const message = `${app} has recorded no decision that lets this attempt pass in ${environment}`;
    return { approvedBy: [], problems: [...problems, { message, hint: "approve the commit in Sluice, and start the workflow anew" }] };
  }
  const approvedBy = distinct(decision.by);
  if (decision.emergency) {
    if (approvedBy.some((by) => emergency.includes(by))) return { approvedBy, problems };
    const message = `Nobody of those who have approved (${approvedBy.join(", ")}) may let ${environment} pass in an emergency`;
    return { approvedBy, problems: [...problems, { message, hint: "policy names who may: emergency" }] };
  }
  if (approvedBy.length < approval.count) {
    const message = `Policy asks for ${approval.count} approvals in ${environment}, and ${approvedBy.length} are recorded`;
    problems.push({ message, hint: "approve the commit in Sluice, and start the workflow anew" });
  }
  return { approvedBy, problems: [...problems, ...approvedBy.flatMap((by) => personProblems(passed, by))] };
}

/** Those of a run's reviews that are about the gate of an environment. */
export const reviewsAt = (environment: EnvironmentId, reviews: readonly Review[]): readonly Review[] =>
  reviews.filter(({ environments }) => environments.includes(gateName(environment)));

function judgeReviews(passed: Passed): Verdict {
  const { environment, reviews, approval } = passed;
  const name = gateName(environment);
  const here = reviewsAt(environment, reviews);
  const approvedBy = distinct(here.flatMap(({ state, by }) => (state === "approved" ? [by] : [])));
  const problems = [
    ...guardProblems(passed, name),
    ...reviewProblems(passed, here, approvedBy),
    ...approvedBy.flatMap((by) => personProblems(passed, by)),
  ];
  if (approval.count > 1)
    problems.push({
      message: `Policy asks for ${approval.count} approvals in ${environment}, and GitHub opens ${name} after one`,
      hint: "set count: 1, or let sluice serve decide, which counts persons",
    });
  return { approvedBy, problems };
}

function guardProblems({ guard, isPrivate, app }: Passed, name: string): Problem[] {
  if (guard && guard.reviewers.length > 0) return [];
  if (app !== null) {
    const hint = `in the repository's settings, under Environments, enable its rule in ${name}`;
    return [{ message: `The App ${app} decides by policy, and has no rule in ${name}: nobody need have approved this`, hint }];
  }
  const settings = "in the repository's settings, under Environments, give it required reviewers";
  const what = guard ? `The environment ${name} asks no reviewer` : `There is no environment ${name}`;
  // What an App has decided counts where policy says which App that is.
  const [named] = guard?.apps ?? [];
  if (named !== undefined) {
    const hint = `if that is the App of sluice serve, name it in sluice.yaml on the default branch: github: { app: ${named} }; else ${settings}`;
    return [{ message: `${what}, only ${guard?.apps.join(", ")}: nobody need have approved this`, hint }];
  }
  return [{ message: `${what}: nobody need have approved this`, hint: isPrivate ? `${settings}; ${PLAN_HINT}` : settings }];
}

function reviewProblems({ environment, guard, passes }: Passed, here: readonly Review[], approvedBy: readonly string[]): Problem[] {
  const rejected = rejection(environment, here);
  if (rejected) return [rejected];
  const approvals = here.filter(({ state }) => state === "approved").length;
  // an approval of an earlier attempt lets no later one pass
  if (approvals > 0 && passes > approvals)
    return [
      {
        message: `GitHub has let this run pass ${passes} times in ${environment} by ${approvals} approvals: an administrator has passed without one`,
        hint: "start the workflow anew, and let a reviewer approve it",
      },
    ];
  if (approvedBy.length > 0) return [];
  const bypass = guard?.adminsBypass ? "; an administrator may have passed by it, which policy does not count" : "";
  return [
    {
      message: `GitHub has no approval of this run for ${environment}${bypass}`,
      hint: "start the workflow anew, and let a reviewer approve it",
    },
  ];
}

function rejection(environment: EnvironmentId, here: readonly Review[]): Problem | null {
  const rejected = here.find(({ state }) => state === "rejected");
  return rejected
    ? { message: `${rejected.by} has rejected this run in ${environment}`, hint: "start the workflow anew, which asks anew" }
    : null;
}

function personProblems({ environment, starters, approval, approvers }: Passed, by: string): Problem[] {
  const problems: Problem[] = [];
  if (approvers !== null && !approvers.includes(by))
    problems.push({
      message: `${by} has approved, and is none of those who may in ${environment}: ${approvers.join(", ") || "nobody"}`,
      hint: "make the environment's reviewers those of policy, which names them as GitHub writes their logins, and start the workflow anew",
    });
  if (!approval.self && isAmong(starters, by))
    problems.push({
      message: `${by} has approved a run of their own in ${environment}`,
      hint: "somebody else has to; on GitHub, prevent self-review, or allow it in policy: self: true",
    });
  return problems;
}

/** Logins are the same in any case of letters. */
export const isAmong = (logins: readonly string[], login: string): boolean =>
  logins.some((each) => each.toLowerCase() === login.toLowerCase());
const distinct = (logins: readonly string[]): readonly string[] => logins.filter((login, index) => !isAmong(logins.slice(0, index), login));
