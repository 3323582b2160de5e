import type { Git } from "./exec.ts";

/** What `git cat-file --batch-check` says of a name: the object's id and type, or that there is none (or several, for a short hash). */
export type Found = { readonly id: string; readonly type: string } | "missing";

/** Looks names up (`main^{commit}`, `<commit>:<path>`), all in one process and by its input, where none can be an option. The answers are in the order of the names. */
export async function lookUp(git: Git, names: readonly string[]): Promise<Found[]> {
  if (names.length === 0) return [];
  const { text } = await git.run(["cat-file", "--batch-check"], { input: `${names.join("\n")}\n` });
  const lines = text.split("\n");
  return names.map((_, index) => parse(lines[index] ?? ""));
}

function parse(line: string): Found {
  // `<id> <type> <size>`, or the name itself and `missing` or `ambiguous`.
  const found = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) \d+$/.exec(line);
  return found ? { id: found[1] ?? "", type: found[2] ?? "" } : "missing";
}
