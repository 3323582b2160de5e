import { z } from "zod";

/** GitHub's answers, as far as they are read. What is another than this is an error and never taken for nothing. */

const login = z.object({ login: z.string().min(1) });
/** Of who is gone GitHub answers null. */
const actor = login.nullish().transform((user) => user?.login ?? "ghost");
const time = z.string().transform((text, context) => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) context.addIssue({ code: "custom", message: "is no time" });
  return at;
});
export const commitId = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const id = z.number().int().positive();

export const deployment = z.object({
  id,
  node_id: z.string().min(1),
  sha: commitId,
  environment: z.string(),
  task: z.string(),
  payload: z.json(),
  creator: actor,
  created_at: time,
});
export type DeploymentAnswer = z.infer<typeof deployment>;
export const made = z.object({ id });

const state = z.enum(["ERROR", "FAILURE", "INACTIVE", "IN_PROGRESS", "PENDING", "QUEUED", "SUCCESS", "WAITING"]);
const statusNode = z.object({
  id: z.string(),
  state,
  description: z.string().nullable(),
  environmentUrl: z.string().nullable(),
  createdAt: time,
});
/** The same by REST. */
export const restStatus = z.object({
  id,
  node_id: z.string().min(1),
  state: z.enum(["error", "failure", "inactive", "in_progress", "pending", "queued", "success", "waiting"]),
  description: z.string().nullable(),
  environment_url: z
    .string()
    .nullish()
    .transform((url) => url ?? null),
  created_at: time,
});
export const statuses = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      latestStatus: z.object({ id: z.string() }).nullable(),
      statuses: z.object({ pageInfo: z.object({ hasNextPage: z.boolean() }), nodes: z.array(statusNode) }),
    }),
  ),
});
export type StatusesAnswer = z.infer<typeof statuses>["nodes"][number];

export const workflowRun = z.object({
  id,
  run_attempt: z.number().int().positive().default(1),
  name: z.string().nullish(),
  path: z.string(),
  display_title: z.string(),
  head_sha: commitId,
  event: z.string(),
  status: z.string().min(1),
  conclusion: z.string().nullable(),
  html_url: z.string(),
  actor,
  triggering_actor: actor,
  head_branch: z.string().nullish(),
  created_at: time,
});
export type RunAnswer = z.infer<typeof workflowRun>;
export const runs = z.object({ total_count: z.number().int().nonnegative(), workflow_runs: z.array(workflowRun) });

export const jobs = z.object({
  total_count: z.number().int().nonnegative(),
  jobs: z.array(
    z.object({
      id,
      name: z.string(),
      status: z.string().min(1),
      conclusion: z.string().nullable(),
      completed_at: time.nullable(),
      steps: z.array(z.unknown()).default([]),
    }),
  ),
});

const reviewer = z
  .object({ type: z.string(), reviewer: z.object({ login: z.string().optional(), slug: z.string().optional() }) })
  .transform((of, context) => {
    if (of.reviewer.login !== undefined) return of.reviewer.login;
    if (of.reviewer.slug !== undefined) return `team:${of.reviewer.slug}`;
    context.addIssue({ code: "custom", message: "is neither a person nor a team" });
    return z.NEVER;
  });

export const reviews = z.array(
  z.object({
    state: z.enum(["approved", "rejected", "pending"]),
    environments: z.array(z.object({ name: z.string() })),
    user: actor,
    comment: z.string().nullish(),
  }),
);
export const pendingGates = z.array(
  z.object({
    environment: z.object({ id, name: z.string() }),
    current_user_can_approve: z.boolean(),
    reviewers: z.array(reviewer),
  }),
);
export const reviewed = z.array(z.object({ id }));

export const environment = z.object({
  name: z.string(),
  /** The description leaves it out; without it, they can. */
  can_admins_bypass: z.boolean().default(true),
  protection_rules: z
    .array(z.object({ type: z.string(), prevent_self_review: z.boolean().optional(), reviewers: z.array(reviewer).optional() }))
    .default([]),
  deployment_branch_policy: z.object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() }).nullish(),
});
export const customRules = z.object({
  custom_deployment_protection_rules: z.array(z.object({ enabled: z.boolean(), app: z.object({ slug: z.string() }) })),
});

export const repository = z.object({ full_name: z.string(), private: z.boolean(), fork: z.boolean(), default_branch: z.string() });
export const person = login;
export const commit = z.object({ sha: commitId });

/** What moved a ref, newest first. */
export const activity = z.array(z.object({ after: z.string(), ref: z.string(), actor }));
export const installation = z.object({ id, app_id: id, app_slug: z.string().min(1) });

const end = z.object({ ref: z.string(), sha: commitId, repo: z.object({ full_name: z.string() }).nullish() });
export const pull = z.object({
  number: id,
  state: z.enum(["open", "closed"]),
  draft: z.boolean().nullish(),
  base: end,
  head: end,
});
export const comments = z.array(z.object({ id, body: z.string().nullish(), user: login.nullish() }));

export const checkRuns = z.object({
  total_count: z.number().int().nonnegative(),
  check_runs: z.array(z.object({ id, name: z.string(), head_sha: commitId, external_id: z.string().nullish() })),
});

const page = z.url({ protocol: /^https?$/ });
const account = z.object({ login: z.string().min(1), type: z.string() });
const granted = { permissions: z.record(z.string(), z.string()), events: z.array(z.string()) };
export const app = z.object({ id, slug: z.string().regex(/^[\w-]+$/), name: z.string(), owner: account, html_url: page, ...granted });
export type AppAnswer = z.infer<typeof app>;
/** What is answered for the code of a manifest, once; the other secrets are of no use here, and are not kept. */
export const madeApp = app.extend({ pem: z.string().includes("PRIVATE KEY"), webhook_secret: z.string().min(1).nullable() });
export type MadeAppAnswer = z.infer<typeof madeApp>;
export const appInstallation = installation.extend({ html_url: page, suspended_at: z.string().nullable(), ...granted });
export type InstallationAnswer = z.infer<typeof appInstallation>;
export const hookConfig = z.object({ url: z.string().default("") });
export const accountOf = account;
