import type { CommitId } from "../core/config/config.ts";
import type { RelationRow } from "../core/run/rows.ts";
import type { Configs } from "./configs.ts";
import { type Source, SourceError } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

type Parts = { readonly source: Source; readonly configs: Configs; readonly store: Pick<Store, "relation"> };

/** How a release stands to what is live, as the source tells it now; of a commit that is gone, as it was told before. Rejects where the source cannot be asked at all. */
export async function relationOf({ source, configs, store }: Parts, release: CommitId, live: CommitId): Promise<RelationRow> {
  const asked = async (): Promise<RelationRow | SourceError> => {
    try {
      return await source.relate(release, live, await configs.paths(release));
    } catch (error) {
      if (error instanceof SourceError) return error;
      throw error;
    }
  };
  const told = await asked();
  if (!(told instanceof SourceError) && told.order !== "unknown") return told;
  const before = await store.relation(release, live);
  if (before && before.order !== "unknown") return before;
  // what descends from a release has all of it
  if ((await store.relation(live, release))?.order === "behind") return { release, live, order: "contains", unmet: [] };
  if (told instanceof SourceError) throw told;
  return told;
}
