import type { Deployment } from "../forge.ts";
import { statuses, type DeploymentAnswer, type StatusesAnswer } from "./answers.ts";
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

/** Deployments with their statuses, a hundred in one request. */
export async function withStatuses(client: Client, question: Question, found: readonly DeploymentAnswer[]): Promise<readonly Deployment[]> {
  const all: Deployment[] = [];
  for (let from = 0; from < found.length; from += PAGE) {
    const some = found.slice(from, from + PAGE);
    const { nodes } = await client.query({ ...question, schema: statuses }, QUERY, { ids: some.map((each) => each.node_id) });
    const byId = new Map(nodes.map((node) => [node.id, node]));
    for (const each of some) {
      const node = byId.get(each.node_id);
      if (!node) throw unreadable(question.what, `the statuses of deployment ${each.id} are missing`);
      all.push(deploymentOf(each, newestFirst(node, question)));
    }
  }
  return all;
}

/** The schema does not say which end comes first, and times have whole seconds: the latest one says it. */
function newestFirst(
  { id, latestStatus, statuses: { nodes, pageInfo } }: StatusesAnswer,
  { what }: Question,
): StatusesAnswer["statuses"]["nodes"] {
  if (pageInfo.hasNextPage) throw unreadable(what, `deployment ${id} has more than ${PAGE} statuses`);
  if (nodes.length === 0 && latestStatus === null) return nodes;
  if (nodes[0]?.id === latestStatus?.id) return nodes;
  if (nodes.at(-1)?.id === latestStatus?.id) return nodes.toReversed();
  // One was set while it was answered.
  throw unreadable(what, `the latest status of deployment ${id} is not among its statuses`);
}

const deploymentOf = (of: DeploymentAnswer, list: StatusesAnswer["statuses"]["nodes"]): Deployment => ({
  id: of.id,
  sha: of.sha,
  environment: of.environment,
  task: of.task,
  payload: of.payload,
  creator: of.creator,
  createdAt: of.created_at,
  statuses: list.map(({ state, description, environmentUrl, createdAt }) => ({
    state: state.toLowerCase() as Lowercase<typeof state>,
    description: description ?? "",
    url: environmentUrl || null,
    at: createdAt,
  })),
});
