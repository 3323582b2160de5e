/**
 * Cuts GitHub's own description of its API to the operations that the double in test/rig/github answers, without texts and examples:
 * `node tools/github-description.ts api.github.com.json schema.graphql`, the first from the npm package @octokit/openapi, the second from @octokit/graphql-schema.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parse, print, type DefinitionNode } from "graphql";

type Node = { [key: string]: unknown };

const REPOSITORY = "/repos/{owner}/{repo}";
const RUN = `${REPOSITORY}/actions/runs/{run_id}`;
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  "/user": ["get"],
  "/users/{username}": ["get"],
  "/app": ["get"],
  "/app/hook/config": ["get", "patch"],
  "/app-manifests/{code}/conversions": ["post"],
  "/rate_limit": ["get"],
  [REPOSITORY]: ["get"],
  [`${REPOSITORY}/commits/{ref}`]: ["get"],
  [`${REPOSITORY}/commits/{ref}/check-runs`]: ["get"],
  [`${REPOSITORY}/check-runs`]: ["post"],
  [`${REPOSITORY}/check-runs/{check_run_id}`]: ["patch"],
  [`${REPOSITORY}/pulls`]: ["get"],
  [`${REPOSITORY}/pulls/{pull_number}`]: ["get"],
  [`${REPOSITORY}/issues/{issue_number}/comments`]: ["get", "post"],
  [`${REPOSITORY}/issues/comments/{comment_id}`]: ["patch"],
  [`${REPOSITORY}/statuses/{sha}`]: ["post"],
  [`${REPOSITORY}/activity`]: ["get"],
  [`${REPOSITORY}/hooks`]: ["get", "post"],
  [`${REPOSITORY}/hooks/{hook_id}`]: ["get", "patch", "delete"],
  [`${REPOSITORY}/hooks/{hook_id}/pings`]: ["post"],
  [`${REPOSITORY}/hooks/{hook_id}/deliveries`]: ["get"],
  [`${REPOSITORY}/hooks/{hook_id}/deliveries/{delivery_id}`]: ["get"],
  [`${REPOSITORY}/hooks/{hook_id}/deliveries/{delivery_id}/attempts`]: ["post"],
  [`${REPOSITORY}/installation`]: ["get"],
  "/app/installations/{installation_id}/access_tokens": ["post"],
  [`${REPOSITORY}/deployments`]: ["get", "post"],
  [`${REPOSITORY}/deployments/{deployment_id}`]: ["get"],
  [`${REPOSITORY}/deployments/{deployment_id}/statuses`]: ["get", "post"],
  [`${REPOSITORY}/environments`]: ["get"],
  [`${REPOSITORY}/environments/{environment_name}`]: ["get", "put"],
  [`${REPOSITORY}/environments/{environment_name}/deployment-branch-policies`]: ["get", "post"],
  [`${REPOSITORY}/environments/{environment_name}/deployment_protection_rules`]: ["get"],
  [`${REPOSITORY}/actions/workflows`]: ["get"],
  [`${REPOSITORY}/actions/workflows/{workflow_id}`]: ["get"],
  [`${REPOSITORY}/actions/workflows/{workflow_id}/dispatches`]: ["post"],
  [`${REPOSITORY}/actions/runs`]: ["get"],
  [RUN]: ["get"],
  [`${RUN}/jobs`]: ["get"],
  [`${RUN}/approvals`]: ["get"],
  [`${RUN}/pending_deployments`]: ["get", "post"],
  [`${RUN}/deployment_protection_rule`]: ["post"],
  [`${RUN}/cancel`]: ["post"],
  [`${RUN}/rerun`]: ["post"],
  [`${RUN}/rerun-failed-jobs`]: ["post"],
};
/** What GitHub sends by itself; kept as requests to `/webhooks/NAME`, so that they are checked as such. */
const WEBHOOKS = ["push", "ping", "deployment-protection-rule-requested"];
/** What of the GraphQL schema is kept: types with their fields; enums and scalars whole. */
const TYPES: Readonly<Record<string, readonly string[] | null>> = {
  Query: ["id", "nodes", "rateLimit"],
  RateLimit: ["cost", "limit", "remaining", "resetAt"],
  Node: null,
  Deployment: ["id", "commitOid", "createdAt", "environment", "latestStatus", "payload", "statuses", "task"],
  DeploymentStatus: ["id", "createdAt", "description", "environmentUrl", "state"],
  DeploymentStatusConnection: ["nodes", "pageInfo", "totalCount"],
  PageInfo: null,
  DeploymentStatusState: null,
  DateTime: null,
  URI: null,
};
const TEXTS = new Set(["description", "summary", "example", "examples", "externalDocs", "tags", "deprecated", "title"]);

const [restFile, graphqlFile] = process.argv.slice(2);
if (restFile === undefined || graphqlFile === undefined) throw new Error("give api.github.com.json and schema.graphql");
const here = (name: string): URL => new URL(`../test/rig/github/${name}`, import.meta.url);
writeFileSync(here("openapi.json"), `${JSON.stringify(cut(JSON.parse(readFileSync(restFile, "utf8")) as Node), null, 1)}\n`);
writeFileSync(here("schema.graphql"), cutSchema(readFileSync(graphqlFile, "utf8")));

function cut(whole: Node): Node {
  const kept: Node = { openapi: whole["openapi"], info: whole["info"], servers: whole["servers"], paths: {}, components: {} };
  const paths = kept["paths"] as Node;
  for (const [path, methods] of Object.entries(OPERATIONS)) {
    const all = (whole["paths"] as Record<string, Node>)[path];
    if (!all) throw new Error(`there is no ${path} any more`);
    paths[path] = Object.fromEntries(methods.map((method) => [method, all[method]]));
  }
  for (const name of WEBHOOKS) {
    const sent = (whole["x-webhooks"] as Record<string, Node>)[name]?.["post"] as Node | undefined;
    if (!sent) throw new Error(`no webhook ${name} is sent any more`);
    const { content } = sent["requestBody"] as { content: Node };
    const requestBody = { required: true, content: { "application/json": content["application/json"] } };
    paths[`/webhooks/${name}`] = { post: { operationId: `webhooks/${name}`, requestBody, responses: { "200": { description: "" } } } };
  }
  const seen = new Set<string>();
  for (const left: unknown[] = [paths]; left.length > 0;) {
    for (const reference of referencesIn(left.pop())) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      const [, components = "", kind = "", name = ""] = reference.split("/");
      const found = ((whole[components] as Record<string, Node>)[kind] as Node)[name];
      const group = ((kept["components"] as Record<string, Node>)[kind] ??= {});
      group[name] = found;
      left.push(found);
    }
  }
  return { ...kept, paths: withoutTexts(paths), components: withoutTexts(kept["components"]) };
}

/** Examples are no part of it: what only they refer to is not kept. */
function referencesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(referencesIn);
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === "$ref" && typeof value === "string") return [value];
    return key === "examples" ? [] : referencesIn(value);
  });
}

function withoutTexts(node: unknown, names = false): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutTexts(item));
  if (node === null || typeof node !== "object") return node;
  // Below `properties` keys are names of fields, one of which may well be `description`.
  const entries = Object.entries(node).filter(([key]) => names || (!TEXTS.has(key) && (!key.startsWith("x-") || key === "x-github")));
  const less = entries.map(([key, value]) => [key, withoutTexts(value, !names && key === "properties")] as const);
  // An answer's description is all that the format asks of it.
  return Object.fromEntries("content" in node && "description" in node ? [...less, ["description", ""]] : less);
}

function cutSchema(text: string): string {
  const kept: DefinitionNode[] = [];
  for (const node of parse(text, { noLocation: true }).definitions) {
    if (!("name" in node) || node.name === undefined || !(node.name.value in TYPES)) continue;
    const fields = TYPES[node.name.value];
    const plain = JSON.parse(
      JSON.stringify({ ...node, directives: [] }, (key, value: unknown) => (key === "description" ? undefined : value)),
    );
    if (fields && "fields" in plain)
      plain.fields = plain.fields.filter((field: { name: { value: string } }) => fields.includes(field.name.value));
    kept.push(plain as DefinitionNode);
  }
  const head =
    "# Cut from the schema in @octokit/graphql-schema 15.26.1 (MIT, GitHub) by tools/github-description.ts: what Sluice asks for.\n";
  return `${head}${kept.map((node) => print(node)).join("\n\n")}\n`;
}
