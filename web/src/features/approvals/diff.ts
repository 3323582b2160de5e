import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { serviceOf, targetId } from "../../lib/format.ts";
import { targets } from "../../lib/queries.ts";
import type { TextChange } from "./changes.ts";
import type { Question } from "./model.ts";

/** More names than this do not fit into an address; then all are asked for. */
const NAMED = 200;

export type Change = Schemas["Diff"]["targets"][number] & { readonly text: TextChange };
export type Difference = { readonly changes: ReadonlyMap<string, Change>; readonly commits: Schemas["Diff"]["commits"] };

/** What a decision would change, member by member. Asked for anew when another set waits or something else is live. */
export function useDifference({ commit, environment, members, set }: Question) {
  const { data: all } = useQuery(targets);
  const live = useMemo(() => new Map(all?.map((target) => [targetId(target), target.commit])), [all]);
  return useQuery({
    queryKey: ["diff", commit, environment, set, members.map((target) => live.get(target) ?? "").join()],
    queryFn: () => difference(commit, environment, members.map(serviceOf)),
    enabled: all !== undefined,
  });
}

/** What compares texts is loaded with the first comparison. */
async function difference(commit: string, environment: string, services: readonly string[]): Promise<Difference> {
  const query = { commit, environment, ...(services.length > NAMED ? {} : { services: services.join(",") }) };
  const [found, { textChange }] = await Promise.all([answer(api.GET("/api/v1/diff", { params: { query } })), import("./changes.ts")]);
  const changes = found.targets.map((target) => [target.target, { ...target, text: textChange(target.before, target.after) }] as const);
  return { changes: new Map(changes), commits: found.commits };
}
