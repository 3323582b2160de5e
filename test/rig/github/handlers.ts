import { complete } from "./description.ts";
import { branch, environmentHandlers, environmentOf } from "./environments.ts";
import { found, listed, loginOf, matches, said, type Asked, type Handler, type Said } from "./asked.ts";
import { appHandlers } from "./app-handlers.ts";
import { checkHandlers } from "./checks.ts";
import { hookHandlers } from "./hook-handlers.ts";
import { pullHandlers } from "./pulls.ts";
import { Refusal, type DeploymentRow } from "./model.ts";
import { workflowHandlers } from "./workflows.ts";
import * as present from "./present.ts";
import type { NewDeployment } from "./repository.ts";
import type { Run } from "./run.ts";

const runOf = ({ repository, params }: Asked): Run => found(repository.runs.get(Number(params["run_id"])));
const deploymentOf = ({ repository, params }: Asked): DeploymentRow =>
  found(repository.deployments.find(({ id }) => id === Number(params["deployment_id"])));
/** Workflow runs, newest first; of a search no more than a thousand are answered, as the operation's text says. */
function runs(asked: Asked): Said {
  const { repository, query, places } = asked;
  const all = [...repository.runs.values()].reverse().filter(({ options, status, conclusion }) => {
    const wanted = query["status"];
    const stateFits = wanted === undefined || wanted === status || wanted === conclusion;
    return stateFits && matches(query["head_sha"], options.commit) && matches(query["event"], options.event);
  });
  const searched = ["head_sha", "event", "status"].some((name) => query[name] !== undefined);
  return listed(
    (searched ? all.slice(0, 1000) : all).map((run) => present.run(run, places)),
    "workflow_runs",
  );
}

const rate = ({ limit, remaining, reset, used }: Asked["budget"]["core"]) => ({ limit, remaining, reset, used });

/** By operation id. */
export const handlers: Readonly<Record<string, Handler>> = {
  ...appHandlers,
  ...checkHandlers,
  ...pullHandlers,
  ...environmentHandlers,
  ...hookHandlers,
  ...workflowHandlers,
  "users/get-authenticated": ({ token }) => said(complete("public-user", { ...present.user(loginOf(token)), user_view_type: "public" })),
  "rate-limit/get": ({ budget }) => {
    const core = rate(budget.core);
    return said({ rate: core, resources: { core, search: core, graphql: rate(budget.graphql) } });
  },
  "repos/get": ({ repository, places }) => said(present.repository(repository, places, "full-repository")),
  "repos/get-commit": ({ repository, params }) => said(present.commit(repository.resolve(decodeURIComponent(params["ref"] ?? "")))),

  "repos/list-activities": ({ repository, query }) =>
    listed(repository.activity.filter(({ ref }) => matches(query["ref"], ref)).map((row) => present.activity(row))),
  "repos/create-commit-status": ({ repository, params, body, token }) => {
    const { state = "", context = "default", description = "", target_url: url = "" } = body as Record<string, string>;
    if (description.length > 140) throw new Refusal(422, "Validation Failed: description is too long");
    const row = { sha: repository.resolve(params["sha"] ?? ""), state, context, description, url };
    repository.commitStatuses.unshift(row);
    return said(present.commitStatus(row, loginOf(token)), 201);
  },
  "repos/list-deployments": ({ repository, query, places }) =>
    listed(
      repository.deployments
        .filter(
          ({ sha, task, environment }) =>
            matches(query["sha"], sha) && matches(query["task"], task) && matches(query["environment"], environment),
        )
        .map((row) => present.deployment(row, repository, places)),
    ),
  "repos/create-deployment": ({ repository, body, token, places }) => {
    // Without `[]` GitHub looks at every status of the commit, and merges the default branch unless it is told not to.
    if (body["auto_merge"] !== false) throw new Refusal(409, "Conflict merging main into the ref");
    if (!Array.isArray(body["required_contexts"]) || body["required_contexts"].length > 0)
      throw new Refusal(409, "Conflict: Commit status checks failed for the ref");
    const row = repository.deploy(body as unknown as NewDeployment, loginOf(token));
    return said(present.deployment(row, repository, places), 201);
  },
  "repos/get-deployment": (asked) => said(present.deployment(deploymentOf(asked), asked.repository, asked.places)),
  "repos/list-deployment-statuses": (asked) => {
    const row = deploymentOf(asked);
    return listed(row.statuses.map((status) => present.status(status, row)));
  },
  "repos/create-deployment-status": (asked) => {
    const row = deploymentOf(asked);
    return said(present.status(asked.repository.setStatus(row, asked.body, loginOf(asked.token)), row), 201);
  },

  "repos/get-all-environments": ({ repository, places }) =>
    listed(
      [...repository.environments.values()].map((each) => present.environment(each, repository, places)),
      "environments",
    ),
  "repos/get-environment": (asked) => said(present.environment(environmentOf(asked), asked.repository, asked.places)),
  "repos/list-deployment-branch-policies": (asked) => listed((environmentOf(asked).branches ?? []).map(branch), "branch_policies"),
  "repos/get-all-deployment-protection-rules": (asked) => said(present.customRules(environmentOf(asked))),

  "actions/list-workflow-runs-for-repo": runs,
  "actions/get-workflow-run": (asked) => said(present.run(runOf(asked), asked.places)),
  "actions/list-jobs-for-workflow-run": (asked) => {
    const run = runOf(asked);
    const all = asked.query["filter"] === "all" ? [...run.past, ...run.jobs] : run.jobs;
    return listed(
      all.map((job) => present.job(job, run, asked.places)),
      "jobs",
    );
  },
  "actions/get-reviews-for-run": (asked) => {
    const run = runOf(asked);
    return said(run.reviews.map((review) => present.review(review, run, asked.places)));
  },
  "actions/get-pending-deployments-for-run": (asked) => {
    const run = runOf(asked);
    return said(run.waitingAt().map((environment) => present.pending(environment, run, loginOf(asked.token), asked.places)));
  },
  "actions/review-pending-deployments-for-run": (asked) => {
    const {
      environment_ids: ids,
      state,
      comment,
    } = asked.body as { environment_ids: number[]; state: "approved" | "rejected"; comment: string };
    const run = runOf(asked);
    const jobs = run.review(loginOf(asked.token), ids, state, comment);
    return said(jobs.flatMap(({ deployment }) => (deployment ? [present.deployment(deployment, asked.repository, asked.places)] : [])));
  },
  "actions/review-custom-gates-for-run": (asked) => {
    const { environment_name: environment, state } = asked.body as { environment_name: string; state?: "approved" | "rejected" };
    if (asked.token.kind !== "installation") throw new Refusal(403, "Resource not accessible by personal access token");
    if (state !== undefined) runOf(asked).pass(asked.token.app, environment, state);
    return { status: 204 };
  },
  "actions/cancel-workflow-run": (asked) => {
    runOf(asked).cancel();
    return said({}, 202);
  },
  "actions/re-run-workflow": (asked) => {
    runOf(asked).again(false);
    return said({}, 201);
  },
  "actions/re-run-workflow-failed-jobs": (asked) => {
    runOf(asked).again(true);
    return said({}, 201);
  },
};

/** What a token of an installation needs, by the operation's group; reading for GET, writing else. */
export function permissionOf(operation: string): string {
  if (operation === "actions/review-custom-gates-for-run") return "deployments";
  if (operation.startsWith("actions/")) return "actions";
  if (operation.startsWith("checks/")) return "checks";
  if (operation.includes("webhook")) return "repository_hooks";
  // Of an issue or a pull request; these comments are only at pull requests here.
  if (operation.startsWith("pulls/") || operation.startsWith("issues/")) return "pull_requests";
  if (
    operation.includes("custom-gates") ||
    operation.includes("create-deployment") ||
    operation.includes("list-deployment") ||
    operation === "repos/get-deployment"
  )
    return operation.includes("branch-policies") ? "actions" : "deployments";
  if (operation.includes("environment") || operation.includes("protection-rules")) return "actions";
  if (operation === "repos/get-commit" || operation === "repos/list-activities") return "contents";
  if (operation === "repos/create-commit-status") return "statuses";
  return "metadata";
}
