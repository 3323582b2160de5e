import type { Ref } from "../../cluster/objects.ts";
import { plainRefs } from "./plain.ts";
import type { Stored } from "./releases.ts";

/**
 * What the objects of a revision are: all that health asks for. Read line by line where a manifest is written as nearly all are, since every attempt asks for it and
 * loading and running a YAML parser takes it longer than all else; where anything is otherwise, that parser has the say.
 */
export async function refsOf(stored: Stored): Promise<readonly Ref[]> {
  return plainRefs(stored.manifest) ?? (await import("./objects.ts")).objectsOf(stored);
}
