import { complete } from "./description.ts";
import type { DeploymentRow, Environment, Job, Status } from "./model.ts";
import type { Repository } from "./repository.ts";
import type { Run } from "./run.ts";

/** What GitHub answers, from what the double remembers. `api` and `html`: where the API and the pages are. */
export type Places = { readonly api: string; readonly html: string };

export const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
export const nodeId = (kind: string, id: number): string => `${kind}_${id}`;

export const user = (login: string) =>
  complete("simple-user", {
    login,
    gravatar_id: "",
    id: hash(login),
    node_id: nodeId("U", hash(login)),
    type: login.endsWith("[bot]") ? "Bot" : "User",
  });

export function repository(
  given: Repository,
  { api, html }: Places,
  schema: "minimal-repository" | "full-repository" | "repository-webhooks" = "minimal-repository",
) {
  const [owner = "", name = ""] = given.fullName.split("/");
  const { id, fullName, isPrivate, fork, defaultBranch } = given;
  const urls = { url: `${api}/repos/${fullName}`, html_url: `${html}/${fullName}` };
  const known = { id, name, full_name: fullName, owner: user(owner), private: isPrivate, fork, default_branch: defaultBranch, ...urls };
  return complete(schema, known);
}

export function deployment(row: DeploymentRow, of: Repository, places: Places) {
  const url = `${places.api}/repos/${of.fullName}/deployments/${row.id}`;
  const { id, sha, ref, task, payload, environment, description } = row;
  return complete("deployment", {
    id,
    sha,
    ref,
    task,
    payload,
    environment,
    description,
    url,
    node_id: nodeId("DE", id),
    original_environment: environment,
    creator: user(row.creator),
    created_at: time(row.at),
    updated_at: time(row.statuses[0]?.at ?? row.at),
    statuses_url: `${url}/statuses`,
    production_environment: row.production,
    transient_environment: row.transient,
  });
}

export function status(row: Status, of: DeploymentRow) {
  return complete("deployment-status", {
    id: row.id,
    node_id: nodeId("DES", row.id),
    state: row.state,
    description: row.description,
    creator: user(row.creator),
    environment: of.environment,
    environment_url: row.url,
    log_url: row.logUrl,
    target_url: row.logUrl,
    created_at: time(row.at),
    updated_at: time(row.at),
  });
}

export function run(given: Run, places: Places) {
  const { commit, path, name, title, event, branch, startedBy } = given.options;
  const of = repository(given.repository, places);
  return complete("workflow-run", {
    id: given.id,
    node_id: nodeId("WFR", given.id),
    name,
    display_title: title,
    path,
    event,
    head_branch: branch,
    head_sha: commit,
    status: given.status,
    conclusion: given.conclusion,
    run_attempt: given.attempt,
    run_number: given.id,
    workflow_id: hash(path),
    url: `${places.api}/repos/${given.repository.fullName}/actions/runs/${given.id}`,
    html_url: `${places.html}/${given.repository.fullName}/actions/runs/${given.id}`,
    actor: user(startedBy),
    triggering_actor: user(given.triggeredBy),
    created_at: time(given.createdAt),
    updated_at: time(given.createdAt),
    run_started_at: time(given.createdAt),
    repository: of,
    head_repository: of,
    pull_requests: [],
    head_commit: null,
  });
}

export function job(given: Job, of: Run, places: Places) {
  const { id, name, status: state, conclusion, attempt, completedAt, began } = given;
  return complete("job", {
    id,
    node_id: nodeId("JOB", id),
    name,
    status: state,
    conclusion,
    run_id: of.id,
    run_attempt: attempt,
    head_sha: of.options.commit,
    head_branch: of.options.branch,
    workflow_name: of.options.name,
    started_at: time(of.createdAt),
    created_at: time(of.createdAt),
    completed_at: completedAt === null ? null : time(completedAt),
    html_url: `${places.html}/${of.repository.fullName}/actions/runs/${of.id}/job/${id}`,
    labels: [],
    steps: began ? [{ name: "Set up job", status: "completed", conclusion: "success", number: 1 }] : [],
  });
}

const named = ({ id, name }: Environment, of: Repository, { api, html }: Places) => ({
  id,
  node_id: nodeId("EN", id),
  name,
  url: `${api}/repos/${of.fullName}/environments/${name}`,
  html_url: `${html}/${of.fullName}/deployments/activity_log?environments_filter=${name}`,
  created_at: time(of.world.now()),
  updated_at: time(of.world.now()),
});

const reviewer = (name: string) => {
  if (!name.startsWith("team:")) return { type: "User", reviewer: user(name) };
  const slug = name.slice("team:".length);
  return { type: "Team", reviewer: complete("team", { id: hash(slug), name: slug, slug, type: "organization", parent: null }) };
};

/** `can_admins_bypass` is answered, though the description leaves it out. */
export function environment(given: Environment, of: Repository, places: Places) {
  const rules: unknown[] = [];
  const id = given.id * 10;
  if (given.reviewers.length > 0)
    rules.push({
      id,
      node_id: nodeId("GA", id),
      type: "required_reviewers",
      prevent_self_review: given.preventsSelfReview,
      reviewers: given.reviewers.map(reviewer),
    });
  if (given.branches !== null) rules.push({ id: id + 1, node_id: nodeId("GA", id + 1), type: "branch_policy" });
  return complete("environment", {
    ...named(given, of, places),
    can_admins_bypass: given.adminsBypass,
    protection_rules: rules,
    deployment_branch_policy: given.branches === null ? null : { protected_branches: false, custom_branch_policies: true },
  });
}

export const customRules = (given: Environment) => ({
  total_count: given.apps.length,
  custom_deployment_protection_rules: given.apps.map((slug) =>
    complete("deployment-protection-rule", {
      id: hash(slug),
      node_id: nodeId("GA", hash(slug)),
      enabled: true,
      app: complete("custom-deployment-rule-app", { id: hash(slug), node_id: nodeId("A", hash(slug)), slug, integration_url: "" }),
    }),
  ),
});

export const pending = (given: Environment, of: Run, login: string, places: Places) => ({
  environment: named(given, of.repository, places),
  wait_timer: 0,
  wait_timer_started_at: null,
  current_user_can_approve: of.mayReview(login, given),
  reviewers: given.reviewers.map(reviewer),
});

export const review = (given: Run["reviews"][number], of: Run, places: Places) => ({
  state: given.state,
  comment: given.comment,
  user: user(given.by),
  environments: given.environments.map((each) => named(each, of.repository, places)),
});

export const commit = (sha: string) => complete("commit", { sha, node_id: nodeId("C", hash(sha)), parents: [] });

export const activity = ({ id, ref, before, after, forced, by, at }: Repository["activity"][number]) =>
  complete("activity", {
    id,
    node_id: nodeId("PSH", id),
    ref,
    after,
    before,
    timestamp: time(at),
    activity_type: forced ? "force_push" : /^0+$/.test(after) ? "branch_deletion" : /^0+$/.test(before) ? "branch_creation" : "push",
    actor: user(by),
  });

export const commitStatus = ({ sha, state, context, description, url }: Repository["commitStatuses"][number], by: string) =>
  complete("status", {
    id: hash(sha + context),
    node_id: nodeId("SC", hash(sha)),
    state,
    context,
    description,
    target_url: url,
    creator: user(by),
  });

/** The same number for the same name, so that nothing has to be remembered. */
export function hash(name: string): number {
  let value = 7;
  for (const char of name) value = (value * 31 + (char.codePointAt(0) ?? 0)) % 1_000_000_007;
  return value;
}
