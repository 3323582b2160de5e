import type { CommitId } from "../core/config/config.ts";
import { type Git, LONG_TIMEOUT_MS } from "./exec.ts";
import { branchGlob, fullId } from "./names.ts";
import { lookUp } from "./objects.ts";

/** A commit of a branch itself that changed a file, and when it was made, in ms. */
export type Version = { readonly commit: CommitId; readonly at: number };

/** Of these commits, those that are here; with `refs`, those that a branch below `roots` has which matches one of the globs. However many there are, git is asked as often as for one. */
export async function commitsOn(
  git: Git,
  commits: readonly CommitId[],
  refs: readonly string[] | null,
  roots: readonly string[],
): Promise<ReadonlySet<CommitId>> {
  const asked = [...new Set(commits)];
  const found = await lookUp(
    git,
    asked.map((commit) => `${fullId(commit)}^{commit}`),
  );
  const here = new Set(asked.filter((_, index) => typeof found[index] === "object"));
  if (refs === null || here.size === 0) return here;
  const branches = await branchesLike(git, refs, roots);
  if (branches.length === 0) return new Set();
  // What no branch has is listed, with what lies behind it; of what one has there is nothing to list.
  const { text } = await git.run(["rev-list", "--stdin"], {
    input: `${[...here, ...branches.map((branch) => `^${branch}`)].join("\n")}\n`,
    timeoutMs: LONG_TIMEOUT_MS,
  });
  for (const commit of text.split("\n")) here.delete(commit);
  return here;
}

async function branchesLike(git: Git, refs: readonly string[], roots: readonly string[]): Promise<readonly string[]> {
  const { text } = await git.run(["for-each-ref", "--format=%(refname)", ...roots]);
  const globs = refs.map(branchGlob);
  return text.split("\n").filter((ref) => {
    const root = roots.find((each) => ref.startsWith(each));
    const branch = root === undefined ? "HEAD" : ref.slice(root.length);
    return branch !== "HEAD" && globs.some((matches) => matches(branch));
  });
}

/** What a branch has itself had at a path, newest first: merges count, and not what they bring. */
export async function versionsOf(git: Git, head: CommitId, path: string, most: number): Promise<readonly Version[]> {
  const { text } = await git.run(
    ["log", "--first-parent", `--max-count=${most}`, "--format=%H %ct", "--no-show-signature", "--no-notes", fullId(head), "--", path],
    { timeoutMs: LONG_TIMEOUT_MS },
  );
  return text.split("\n").flatMap((line) => {
    const [commit, seconds] = line.split(" ");
    return commit ? [{ commit, at: Number(seconds) * 1_000 }] : [];
  });
}

/** Which content a path has at commits, by its id; "": there is no such file. */
export async function contentsAt(git: Git, commits: readonly CommitId[], path: string): Promise<ReadonlyMap<CommitId, string>> {
  const found = await lookUp(
    git,
    commits.map((commit) => `${fullId(commit)}:${path}`),
  );
  return new Map(
    commits.map((commit, index) => {
      const object = found[index];
      return [commit, typeof object === "object" && object.type === "blob" ? object.id : ""];
    }),
  );
}
