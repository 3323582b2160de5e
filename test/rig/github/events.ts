import { loginOf } from "./asked.ts";
import { complete } from "./description.ts";
import type { HookRow } from "./hooks.ts";
import type { Job, Token } from "./model.ts";
import * as present from "./present.ts";
import type { PushedRef, Repository } from "./repository.ts";
import type { Run } from "./run.ts";

const NOTHING = "0".repeat(40);
const whole = (repository: Repository, places: present.Places) => present.repository(repository, places, "repository-webhooks");

/** What GitHub tells of a push. */
export function push({ ref, before, after, forced }: PushedRef, by: string, repository: Repository, places: present.Places) {
  const commit = after === NOTHING ? null : shownCommit(after, repository);
  const plain = complete("webhook-push", {});
  return {
    ...plain,
    ref,
    before,
    after,
    forced,
    created: before === NOTHING,
    deleted: after === NOTHING,
    base_ref: null,
    compare: `${places.html}/${repository.fullName}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: commit === null ? [] : [commit],
    head_commit: commit,
    // A form of its own: what is null elsewhere is not here, and a time is a number.
    repository: {
      ...(plain["repository"] as object),
      ...Object.fromEntries(Object.entries(whole(repository, places)).filter(([, value]) => value !== null)),
      created_at: Math.floor(repository.world.now() / 1000),
    },
    pusher: { name: by, email: `${by}@users.noreply.example` },
    sender: present.user(by),
  };
}

/** What GitHub asks an App whose rule guards the environment of a job. */
export function protectionRule(job: Job, run: Run, places: present.Places) {
  const { repository, options } = run;
  const at = `${places.api}/repos/${repository.fullName}/actions/runs/${run.id}/deployment_protection_rule`;
  return complete("webhook-deployment-protection-rule-requested", {
    action: "requested",
    environment: job.environment,
    event: options.event,
    sha: options.commit,
    ref: `refs/heads/${options.branch}`,
    deployment_callback_url: at,
    deployment: job.deployment && present.deployment(job.deployment, repository, places),
    pull_requests: [],
    repository: whole(repository, places),
    sender: present.user(options.startedBy),
  });
}

/** The first that a new hook hears. */
export const ping = (hook: HookRow, repository: Repository, by: Token, places: present.Places, shown: object) => ({
  zen: "Keep it logically awesome.",
  hook_id: hook.id,
  hook: shown,
  repository: whole(repository, places),
  sender: present.user(loginOf(by)),
});

function shownCommit(id: string, repository: Repository) {
  const who = { name: "somebody", email: "somebody@example.invalid", username: "somebody" };
  const known = { id, tree_id: id, distinct: true, message: "", timestamp: present.time(repository.world.now()), url: "" };
  return { ...known, author: who, committer: who, added: [], removed: [], modified: [] };
}
