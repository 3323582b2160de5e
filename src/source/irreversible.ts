import { devNull } from "node:os";
import { posix } from "node:path";
import type { CommitId } from "../core/config/config.ts";
import type { IrreversibleCommit } from "../core/plan/irreversible.ts";
import { type Git, LONG_TIMEOUT_MS } from "./exec.ts";
import { pathFrom, treePath } from "./names.ts";
import { lookUp } from "./objects.ts";
import { isAncestor, isShallow, missing, pathsAbove, tooShallow } from "./relate.ts";

/** A field of a commit's line ends with one, a trailer with the other: no name of a service has either. */
const FIELD = "\u001F";
const TRAILER = "\u001E";
/** What a commit's line begins with; no path that is asked about does. */
const COMMIT = "\u0001";

/**
 * Commits that `from` has and `to` lacks, newest first, as far as they carry a trailer `Irreversible:` or change one of the paths.
 * Paths are counted from the folder; a trailer speaks to whoever deploys from the repository. What counts as a change is said at `relate`. Where `to` contains `from`, going there takes nothing back.
 *
 * At most four processes. Rejects where a commit is gone or may lie behind the edge of a shallow clone: then it cannot be known.
 */
export async function irreversible(
  git: Git,
  from: CommitId,
  to: CommitId,
  paths: readonly string[],
  folder: string,
): Promise<readonly IrreversibleCommit[]> {
  const commits = [from, to];
  const found = await lookUp(
    git,
    commits.map((commit) => `${commit}^{commit}`),
  );
  for (const [index, commit] of commits.entries()) if (found[index] === "missing") throw await missing(git, commit);
  if (from === to) return [];
  if (await isShallow(git)) {
    if (await isAncestor(git, from, to)) return [];
    throw tooShallow(`what ${from.slice(0, 12)} has and ${to.slice(0, 12)} lacks`);
  }
  return await walk(git, `${to}..${from}`, Map.groupBy(paths, treePath), folder);
}

type Seen = Omit<IrreversibleCommit, "paths"> & { readonly paths: Set<string> };

/** `wanted`: what was asked for, by its path in the folder: several may name the same. */
async function walk(
  git: Git,
  range: string,
  wanted: ReadonlyMap<string, readonly string[]>,
  folder: string,
): Promise<readonly IrreversibleCommit[]> {
  const args = [
    "log",
    "-c",
    "--name-only",
    "-z",
    `--format=${COMMIT}%H${FIELD}%(trailers:key=Irreversible,unfold,separator=${TRAILER})${FIELD}%s`,
    "--no-renames",
    "--no-relative",
    "--no-color",
    "--no-show-signature",
    "--no-notes",
    "--encoding=UTF-8",
    "--no-ext-diff",
    "--ignore-submodules=none",
    `-O${devNull}`,
    range,
    "--",
  ];
  const commits: Seen[] = [];
  const asked = new Set(wanted.keys());
  const patterns = [...asked].filter((path) => path.includes("*"));
  let last: Seen | null = null;
  const end = () => {
    if (last && (last.names.length > 0 || last.paths.size > 0)) commits.push(last);
  };
  await git.records(args, { timeoutMs: LONG_TIMEOUT_MS }, (record) => {
    const begun = toCommit(record);
    if (begun) {
      end();
      last = begun;
      // git begins the list of files on a line of its own
    } else {
      // told from the folder and not asked from the root: what a folder's name has of a pattern's characters is none
      const file = pathFrom(folder, record.replace(/^\n/, ""));
      if (file === null) return true;
      const touched = [...pathsAbove(file, asked), ...patterns.filter((pattern) => posix.matchesGlob(file, pattern))];
      for (const path of touched) for (const name of wanted.get(path) ?? []) last?.paths.add(name);
    }
    return true;
  });
  end();
  return commits.map((c) => ({ ...c, paths: [...c.paths] }));
}

function toCommit(record: string): Seen | null {
  if (!record.startsWith(COMMIT)) return null;
  const [commit = "", trailers = "", ...subject] = record.slice(COMMIT.length).split(FIELD);
  return { commit, subject: subject.join(FIELD), names: trailers === "" ? [] : trailers.split(TRAILER).flatMap(namesIn), paths: new Set() };
}

/** `Irreversible: api, indexer`: one name or more, by commas or spaces; an empty one stands for every service. */
function namesIn(trailer: string): readonly string[] {
  const names = trailer.slice(trailer.indexOf(":") + 1).split(/[\s,]+/u);
  const said = names.filter((name) => name !== "");
  return said.length > 0 ? said : [""];
}
