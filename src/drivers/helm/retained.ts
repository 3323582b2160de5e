import { markOf } from "./marks.ts";
import { manifestHash, type Stored } from "./releases.ts";
import { holds } from "./repair.ts";

/** The newest revision that was made from what has this fingerprint, and holds what was applied then; or why there is none. Pure. */
export function retained(
  history: readonly Stored[],
  fingerprint: string | null,
): { readonly revision: Stored } | { readonly revision: null; readonly why: string } {
  if (fingerprint === null || fingerprint === "") return { revision: null, why: "what it held is not recorded" };
  const made = history.filter((one) => holds(one, fingerprint) && (one.status === "deployed" || one.status === "superseded"));
  const intact = made.findLast((one) => markOf(one).manifest === manifestHash(one));
  if (intact !== undefined) return { revision: intact };
  const [first] = made;
  return {
    revision: null,
    why:
      first === undefined
        ? "Helm keeps no revision of it any more (historyMax)"
        : `its revision ${first.revision} does not hold any more what was applied with it`,
  };
}
