import type { Deployment } from "../forge.ts";
import { restStatus, statuses, type DeploymentAnswer, type StatusesAnswer } from "./answers.ts";
import { PAGE, type Client } from "./client.ts";
import { unreadable, type Question } from "./errors.ts";

/** By the ids that REST answers: their numbers are too large for GraphQL's own `databaseId`, which has 32 bits. */
const QUERY = `query ($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Deployment {
      id
      latestStatus { id }
      statuses(first: ${PAGE}) { pageInfo { hasNextPage } nodes { id state description environmentUrl createdAt } }
    }
  }
}`;

/** Of one deployment, the newest: ours has a handful, and whoever sets more than so many hides none of the newer ones. */
const MOST = 1000;
type Status = Omit<StatusesAnswer["statuses"]["nodes"][number], "state"> & { readonly state: Deployment["statuses"][number]["state"] };

/** Deployments with their statuses, a hundred in one request; one with more statuses than a page is asked for by itself. */
export async function withStatuses(
  client: Client,
  question: Question,
  here: Readonly<Record<string, string>>,
  found: readonly DeploymentAnswer[],
): Promise<readonly Deployment[]> {
  const all: Deployment[] = [];
  for (let from = 0; from < found.length; from += PAGE) {
    const some = found.slice(from, from + PAGE);
    const { nodes } = await client.query({ ...question, schema: statuses }, QUERY, { ids: some.map((each) => each.node_id) });
    const byId = new Map(nodes.map((node) => [node.id, node]));
    for (const each of some) {
      const node = byId.get(each.node_id);
      if (!node) throw unreadable(question.what, `the statuses of deployment ${each.id} are missing`);
      all.push(deploymentOf(each, newestFirst(node, question) ?? (await byPages(client, question, here, each.id, node))));
    }
  }
  return all;
}

/** The schema does not say which end comes first, and times have whole seconds: the latest one says it. null: not all are there. */
function newestFirst({ id, latestStatus, statuses: { nodes, pageInfo } }: StatusesAnswer, { what }: Question): readonly Status[] | null {
  if (pageInfo.hasNextPage) return null;
  const all = nodes.map((node) => ({ ...node, state: node.state.toLowerCase() as Lowercase<typeof node.state> }));
  if (all.length === 0 && latestStatus === null) return all;
  if (all[0]?.id === latestStatus?.id) return all;
  if (all.at(-1)?.id === latestStatus?.id) return all.toReversed();
  // One was set while it was answered.
  throw unreadable(what, `the latest status of deployment ${id} is not among its statuses`);
}

/** By REST, which answers the newest first and has ids that grow. */
async function byPages(
  client: Client,
  question: Question,
  here: Readonly<Record<string, string>>,
  deployment: number,
  { id, latestStatus }: StatusesAnswer,
): Promise<readonly Status[]> {
  // What is set while pages are read moves the rest on by one: then one comes twice.
  const all = new Map<number, Status>();
  const route = "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses";
  await client.pages({ ...question, route, params: { ...here, deployment_id: deployment }, schema: restStatus.array() }, (page) => {
    for (const { id: number, node_id, environment_url, created_at, ...rest } of page)
      all.set(number, { ...rest, id: node_id, environmentUrl: environment_url, createdAt: created_at });
    return all.size < MOST;
  });
  const newest = [...all].toSorted(([a], [b]) => b - a).map(([, status]) => status);
  if (newest.some((status) => status.id === latestStatus?.id)) return newest;
  throw unreadable(question.what, `the latest status of deployment ${id} is not among its statuses`);
}

const deploymentOf = (of: DeploymentAnswer, list: readonly Status[]): Deployment => ({
  id: of.id,
  sha: of.sha,
  environment: of.environment,
  task: of.task,
  payload: of.payload,
  creator: of.creator,
  createdAt: of.created_at,
  statuses: list.map(({ state, description, environmentUrl, createdAt }) => ({
    state,
    description: description ?? "",
    url: environmentUrl || null,
    at: createdAt,
  })),
});
