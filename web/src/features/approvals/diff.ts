import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { plural, serviceOf, targetId } from "../../lib/format.ts";
import { targets } from "../../lib/queries.ts";
import type { TextChange } from "../../lib/text-change.ts";
import type { Question } from "./model.ts";

/** More names than this do not fit into an address; then all are asked for. */
const NAMED = 200;

/** `text`: what is applied against what was; null where objects were compared with what is there. */
export type Change = Schemas["Diff"]["targets"][number] & { readonly text: TextChange | null };
export type Counts = NonNullable<Change["counts"]>;
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
  const [found, { textChange }] = await Promise.all([
    answer(api.GET("/api/v1/diff", { params: { query } })),
    import("../../lib/text-change.ts"),
  ]);
  const changes = found.targets.map((target) => {
    const text = target.objects === null ? textChange(target.before, target.after) : null;
    return [target.target, { ...target, text }] as const;
  });
  return { changes: new Map(changes), commits: found.commits };
}

/** `2 changed, 1 added`; empty where nothing is. */
export const countsText = ({ changed, added, removed }: Omit<Counts, "same">): string =>
  [`${changed} changed`, `${added} added`, `${removed} removed`].filter((words) => !words.startsWith("0 ")).join(", ");

/** What all of them would change, in words. */
export function summaryOf(changes: readonly Change[]): string {
  const sum = { changed: 0, added: 0, removed: 0 };
  for (const { counts } of changes) for (const kind of ["changed", "added", "removed"] as const) sum[kind] += counts?.[kind] ?? 0;
  const objects = countsText(sum);
  const different = changes.filter(({ change }) => change !== "same").length;
  return `${different} of ${plural(changes.length, "target")} would change${objects === "" ? "" : `; objects: ${objects}`}`;
}
