import { readFileSync } from "node:fs";
import { buildSchema, graphql, type ExecutionResult } from "graphql";
import { nodeId, time } from "./present.ts";
import type { Repository } from "./repository.ts";

const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));

type Page = { readonly first?: number; readonly last?: number };

/** Answers a query over deployments as GitHub's schema has them; a query that does not fit it is answered with errors, as there. */
export function answerQuery(
  query: string,
  variables: Record<string, unknown>,
  repositories: Iterable<Repository>,
): Promise<ExecutionResult> {
  const all = new Map([...repositories].flatMap((repository) => repository.deployments.map((row) => [nodeId("DE", row.id), row] as const)));
  const node = (id: string) => {
    const row = all.get(id);
    if (!row) return null;
    // Either end may come first: the schema does not say, so whoever reads must not rely on one.
    const statuses = [...row.statuses].reverse().map((status) => ({
      id: nodeId("DES", status.id),
      state: status.state.toUpperCase(),
      description: status.description,
      environmentUrl: status.url === "" ? null : status.url,
      createdAt: time(status.at),
    }));
    return {
      __typename: "Deployment",
      id,
      commitOid: row.sha,
      createdAt: time(row.at),
      environment: row.environment,
      task: row.task,
      payload: JSON.stringify(row.payload),
      latestStatus: statuses.at(-1) ?? null,
      statuses: ({ first, last }: Page) => {
        if (first === undefined && last === undefined)
          throw new Error("You must provide a `first` or `last` value to properly paginate the `statuses` connection.");
        const nodes = first === undefined ? statuses.slice(-(last ?? 0)) : statuses.slice(0, first);
        const pageInfo = { hasNextPage: nodes.length < statuses.length, hasPreviousPage: false, startCursor: null, endCursor: null };
        return { nodes, pageInfo, totalCount: statuses.length };
      },
    };
  };
  return graphql({ schema, source: query, variableValues: variables, rootValue: { nodes: ({ ids }: { ids: string[] }) => ids.map(node) } });
}
