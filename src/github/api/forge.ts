import type { CommitId } from "../../core/config/config.ts";
import { ForgeError, type Forge, type ForgeErrorCode, type Guard, type NewDeployment, type RunJob, type WorkflowRun } from "../forge.ts";
import type { Access } from "./access.ts";
import * as answers from "./answers.ts";
import { Client, PAGE, type ClientOptions } from "./client.ts";
import { unreadable } from "./errors.ts";
import { withStatuses } from "./statuses.ts";

const HERE = "/repos/{owner}/{repo}";
const RUN = `${HERE}/actions/runs/{run_id}`;
/** Every status of a run that has not ended, as the search knows them. */
const OPEN = ["waiting", "in_progress", "queued", "pending", "requested"] as const;
/** Tries to make a deployment where it is not known whether the last one did. */
const TRIES = 3;

/**
 * GitHub as the forge.
 *
 * Deployments are listed by REST, which filters by environment, task and commit and has whole ids; their statuses come by GraphQL, a hundred deployments in one request.
 * By REST alone each deployment's statuses are a request. 60 services in 3 environments, each with its newest record: 3 × (1 page + 60) = 183 requests for one look,
 * and a history of 1,000 records 10 + 1,000, the whole hour's budget of GITHUB_TOKEN (1,000 a repository); here 3 + 3, and 10 + 10, each half from a budget of its own
 * (GraphQL counts 1 point for such a query: 100 nodes with one connection each). What a deploy of all 180 targets writes is one record and one status each, 360 requests; a soak is one status more.
 */
export function githubForge(access: Access, options: ClientOptions = {}): Forge {
  return forgeOn(new Client(access, options), access);
}

/** The same over a client that others use too. */
export function forgeOn(client: Client, access: Pick<Access, "owner" | "repository">): Forge {
  const here = { owner: access.owner, repo: access.repository };

  const list = async (filter: Parameters<Forge["deployments"]>[0]): Promise<readonly answers.DeploymentAnswer[]> => {
    const { environment, task, sha, most = Infinity, since = 0 } = filter;
    const question = { what: `the deployments of ${environment}`, permission: "deployments: read" };
    const params = { ...here, environment, ...(task === undefined ? {} : { task }), ...(sha === undefined ? {} : { sha }) };
    // What is made while pages are read moves the rest on by one: then one comes twice.
    const found = new Map<number, answers.DeploymentAnswer>();
    await client.pages({ ...question, route: `GET ${HERE}/deployments`, params, schema: answers.deployment.array() }, (page) => {
      for (const each of page) {
        const asked = each.environment === environment && (task ?? each.task) === each.task && (sha ?? each.sha) === each.sha;
        if (!asked) throw unreadable(question.what, `deployment ${each.id} is of another environment, task or commit`);
        if (found.size < most) found.set(each.id, each);
      }
      return found.size < most && page.every(({ id }) => id > since);
    });
    return [...found.values()];
  };

  /** One search over runs, whole. */
  const runs = async (filter: Readonly<Record<string, string>>): Promise<readonly answers.RunAnswer[]> => {
    const question = { what: "the workflow runs", permission: "actions: read" };
    const found: answers.RunAnswer[] = [];
    let total = 0;
    await client.pages({ ...question, route: `GET ${HERE}/actions/runs`, params: { ...here, ...filter }, schema: answers.runs }, (page) => {
      total = page.total_count;
      found.push(...page.workflow_runs);
      return true;
    });
    // A search answers a thousand and no more.
    if (found.length < total) throw unreadable(question.what, `${found.length} of ${total} were listed`);
    return found;
  };

  const create = (deployment: NewDeployment): Promise<{ readonly id: number }> => {
    const { sha, environment, task, payload, description, production } = deployment;
    const body = { ref: sha, environment, task, payload, description, production_environment: production, transient_environment: false };
    const question = { what: `to record ${task} in ${environment}`, permission: "deployments: write" };
    const params = { ...here, ...body, auto_merge: false, required_contexts: [] };
    return client.ask({ ...question, route: `POST ${HERE}/deployments`, params, schema: answers.made }, false);
  };

  const environment = async (name: string): Promise<Guard | null> => {
    const question = { what: `the environment ${name}`, permission: "actions: read" };
    const params = { ...here, environment_name: name };
    const route = `GET ${HERE}/environments/{environment_name}`;
    const found = await orNull(client.ask({ ...question, route, params, schema: answers.environment }));
    if (!found) return null;
    const rules = await client.ask({ ...question, route: `${route}/deployment_protection_rules`, params, schema: answers.customRules });
    const policy = found.deployment_branch_policy;
    return {
      name: found.name,
      reviewers: found.protection_rules.flatMap((rule) => rule.reviewers ?? []),
      preventsSelfReview: found.protection_rules.some((rule) => rule.prevent_self_review === true),
      apps: rules.custom_deployment_protection_rules.filter(({ enabled }) => enabled).map(({ app }) => app.slug),
      adminsBypass: found.can_admins_bypass,
      branches: !policy ? "any" : policy.protected_branches ? "protected" : "named",
    };
  };

  /** null: it is not there. Where the repository itself is not seen, nobody can say that. */
  const orNull = async <T>(asked: Promise<T>, nothing: readonly ForgeErrorCode[] = ["not-found"]): Promise<T | null> => {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof ForgeError) || !nothing.includes(error.code)) throw error;
      await repository();
      return null;
    }
  };

  const repository: Forge["repository"] = async () => {
    const question = { what: `the repository ${access.owner}/${access.repository}`, permission: "metadata: read" };
    const found = await client.ask({ ...question, route: `GET ${HERE}`, params: here, schema: answers.repository });
    return { name: found.full_name, private: found.private, fork: found.fork, defaultBranch: found.default_branch };
  };

  return {
    async deployments(filter) {
      const found = await list(filter);
      const question = { what: `the statuses of deployments of ${filter.environment}`, permission: "deployments: read" };
      return withStatuses(client, question, here, found);
    },
    async createDeployment(deployment) {
      const { environment: place, task, sha, payload } = deployment;
      for (let tries = 1; ; tries += 1) {
        try {
          return (await create(deployment)).id;
        } catch (error) {
          const attempt = payload["attempt"];
          const unsure = error instanceof ForgeError && (error.code === "unavailable" || error.code === "unreadable");
          if (!unsure || typeof attempt !== "string") throw error;
          const made = (await list({ environment: place, task, sha, most: PAGE })).find((each) => attemptOf(each) === attempt);
          if (made) return made.id;
          if (tries >= TRIES) throw error;
        }
      }
    },
    async setStatus(deployment, { state, description, logUrl, url }) {
      const question = { what: `to say ${state} of deployment ${deployment}`, permission: "deployments: write" };
      const links = { ...(logUrl === undefined ? {} : { log_url: logUrl }), ...(url === undefined ? {} : { environment_url: url }) };
      const params = { ...here, deployment_id: deployment, state, description, ...links, auto_inactive: false };
      // Said twice it says the same.
      await client.ask({ ...question, route: `POST ${HERE}/deployments/{deployment_id}/statuses`, params, schema: answers.made });
    },
    async openRuns(commit) {
      const found = commit === null ? await inTurn(OPEN, (status) => runs({ status })) : await runs({ head_sha: commit });
      const open = new Map(found.filter(({ status }) => status !== "completed").map((run) => [run.id, runOf(run)]));
      return [...open.values()];
    },
    async workflowRun(id) {
      const question = { what: `the workflow run ${id}`, permission: "actions: read" };
      const found = await orNull(
        client.ask({ ...question, route: `GET ${RUN}`, params: { ...here, run_id: id }, schema: answers.workflowRun }),
      );
      return found && runOf(found);
    },
    async jobs(run) {
      const question = { what: `the jobs of run ${run}`, permission: "actions: read" };
      const params = { ...here, run_id: run, filter: "all" };
      const found = new Map<number, RunJob>();
      let total = 0;
      await client.pages({ ...question, route: `GET ${RUN}/jobs`, params, schema: answers.jobs }, (page) => {
        total = page.total_count;
        for (const { id, name, status, conclusion, completed_at: completedAt, steps } of page.jobs)
          // a job that was held to its end has ended without a step
          found.set(id, { name, began: status === "in_progress" || steps.length > 0, conclusion, completedAt });
        return true;
      });
      if (found.size < total) throw unreadable(question.what, `${found.size} of ${total} were listed`);
      return [...found.values()];
    },
    async reviews(run) {
      const question = { what: `the reviews of run ${run}`, permission: "actions: read" };
      const found = await client.ask({
        ...question,
        route: `GET ${RUN}/approvals`,
        params: { ...here, run_id: run },
        schema: answers.reviews,
      });
      return found.map(({ state, environments, user, comment }) => ({
        state,
        by: user,
        comment: comment ?? "",
        environments: environments.map(({ name }) => name),
      }));
    },
    async pendingGates(run) {
      const question = { what: `what waits in run ${run}`, permission: "actions: read" };
      const route = `GET ${RUN}/pending_deployments`;
      const found = await client.ask({ ...question, route, params: { ...here, run_id: run }, schema: answers.pendingGates });
      return found.map((gate) => ({
        id: gate.environment.id,
        environment: gate.environment.name,
        mayApprove: gate.current_user_can_approve,
        reviewers: gate.reviewers,
      }));
    },
    async review(run, { environments, state, comment }) {
      const question = { what: `to review run ${run}`, permission: "deployments: write, of a person: a workflow's own token is not taken" };
      const params = { ...here, run_id: run, environment_ids: [...environments], state, comment };
      await client.ask({ ...question, route: `POST ${RUN}/pending_deployments`, params, schema: answers.reviewed }, false);
    },
    environment,
    async commit(ref) {
      const question = { what: `the commit ${ref}`, permission: "contents: read" };
      const params = { ...here, ref, per_page: 1 };
      // Refused is an id that no commit has.
      const asked = client.ask({ ...question, route: `GET ${HERE}/commits/{ref}`, params, schema: answers.commit });
      const found = await orNull(asked, ["not-found", "refused"]);
      return found?.sha ?? null;
    },
    repository,
    async whoAmI() {
      const question = { what: "whose the token is", permission: "of a person" };
      const asked = client.ask({ ...question, route: "GET /user", schema: answers.person });
      const found = await asked.catch((error: unknown) => {
        // So it answers a token of an App.
        if (error instanceof ForgeError && error.code === "forbidden") return null;
        throw error;
      });
      return found?.login ?? null;
    },
    budget: () => client.limits.least(),
  };
}

function attemptOf({ payload }: answers.DeploymentAnswer): unknown {
  return payload !== null && typeof payload === "object" && "attempt" in payload ? payload["attempt"] : undefined;
}

const runOf = (run: answers.RunAnswer): WorkflowRun => ({
  id: run.id,
  attempt: run.run_attempt,
  name: run.name ?? "",
  path: run.path,
  title: run.display_title,
  commit: run.head_sha as CommitId,
  branch: run.head_branch ?? "",
  event: run.event,
  status: run.status,
  conclusion: run.conclusion,
  url: run.html_url,
  startedBy: run.actor,
  starters: [...new Set([run.actor, run.triggering_actor])],
  createdAt: run.created_at,
});

async function inTurn<T, R>(all: readonly T[], work: (each: T) => Promise<readonly R[]>): Promise<readonly R[]> {
  const found: R[] = [];
  for (const each of all) found.push(...(await work(each)));
  return found;
}
