import { devNull } from "node:os";
import type { CommitId, ServiceId } from "../core/config/config.ts";
import type { RelationRow } from "../core/run/rows.ts";
import { SourceError } from "../engine/ports/source.ts";
import { type Git, LONG_TIMEOUT_MS } from "./exec.ts";
import { pathIn } from "./names.ts";
import { lookUp } from "./objects.ts";

type Services = Readonly<Record<ServiceId, readonly string[]>>;

/**
 * How a release stands to what is live, and for which services the live commit does not contain what the release needs of them (section 4 of the contract):
 * one is satisfied where both have the same objects at its paths, or where no commit of `live..release` touches these.
 *
 * A commit touches a file when it differs there from its parent; a merge, when it differs from all of its parents (git's combined diff, `-c`): bringing
 * two branches together is no change to what either of them changed. A root commit touches all that it has. A rename touches both names.
 *
 * Paths are counted from the folder. No paths are the whole repository all the same: what a project shares with others lies outside of its folder.
 *
 * At most six processes, however many services there are.
 */
export async function relate(git: Git, release: CommitId, live: CommitId, services: Services, folder: string): Promise<RelationRow> {
  const order = await orderOf(git, release, live);
  if (order === "unknown") return { release, live, order, unmet: null };
  if (order === "same" || order === "contains") return { release, live, order, unmet: [] };
  const pathsOf = new Map(
    Object.entries(services).map(([id, paths]) => [id, paths.length === 0 ? [""] : paths.map((path) => pathIn(folder, path))]),
  );
  return { release, live, order, unmet: await unmetServices(git, release, live, pathsOf) };
}

async function orderOf(git: Git, release: CommitId, live: CommitId): Promise<RelationRow["order"]> {
  const [there, other] = await lookUp(git, [`${release}^{commit}`, `${live}^{commit}`]);
  if (there === "missing") throw await missing(git, release);
  if (release === live) return "same";
  if (other === "missing") {
    if (await isShallow(git)) throw tooShallow(`${live.slice(0, 12)}, which is live,`);
    return "unknown";
  }
  if (await isAncestor(git, release, live)) return "contains";
  if (await isAncestor(git, live, release)) return "behind";
  // Behind the edge of a shallow clone one may be the other's ancestor after all.
  if (await isShallow(git)) throw tooShallow(`where ${live.slice(0, 12)} and ${release.slice(0, 12)} come together`);
  return "diverged";
}

/** `pathsOf`: from the repository's root. */
async function unmetServices(
  git: Git,
  release: CommitId,
  live: CommitId,
  pathsOf: ReadonlyMap<ServiceId, readonly string[]>,
): Promise<ServiceId[]> {
  const differing = await differingPaths(git, release, live, new Set([...pathsOf.values()].flat()));
  const candidates = [...pathsOf].filter(([, paths]) => paths.some((path) => differing.has(path)));
  if (candidates.length === 0) return [];
  // All paths of a candidate count, also those that are the same in both: each was the last to touch its own.
  const touched = await touchedPaths(git, release, live, new Set(candidates.flatMap(([, paths]) => paths)));
  return candidates.filter(([, paths]) => paths.some((path) => touched.has(path))).map(([id]) => id);
}

/** Those of the paths at which the two commits have different objects. Where neither has one, they are the same. */
async function differingPaths(git: Git, release: CommitId, live: CommitId, paths: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const list = [...paths];
  const found = await lookUp(
    git,
    [release, live].flatMap((commit) => list.map((path) => `${commit}:${path}`)),
  );
  const id = (index: number): string => {
    const object = found[index];
    return typeof object === "object" ? object.id : "";
  };
  return new Set(list.filter((_, index) => id(index) !== id(index + list.length)));
}

/** Those of the paths at or below which some commit that the release has and live lacks changed a file. */
async function touchedPaths(git: Git, release: CommitId, live: CommitId, paths: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const touched = new Set<string>();
  const args = [
    "log",
    "-c",
    "--name-only",
    "-z",
    "--format=",
    "--no-renames",
    "--no-relative",
    "--no-color",
    "--no-ext-diff",
    "--ignore-submodules=none",
    // No order of files: one that is set may name a file that is gone.
    `-O${devNull}`,
    `${live}..${release}`,
    "--",
  ];
  await git.records(args, { timeoutMs: LONG_TIMEOUT_MS }, (file) => {
    for (const path of pathsAbove(file, paths)) touched.add(path);
    return touched.size < paths.size;
  });
  return touched;
}

/** A file's path and every folder above it that is asked for: a path counts at its whole parts alone, `web` is not in `website`. */
export function* pathsAbove(file: string, paths: ReadonlySet<string>): Generator<string> {
  for (let path = file; ; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
    if (paths.has(path)) yield path;
    if (path === "") return;
  }
}

export async function isAncestor(git: Git, ancestor: CommitId, descendant: CommitId): Promise<boolean> {
  const { exitCode } = await git.run(["merge-base", "--is-ancestor", ancestor, descendant], { answers: [1], timeoutMs: LONG_TIMEOUT_MS });
  return exitCode === 0;
}

export async function isShallow(git: Git): Promise<boolean> {
  return (await git.run(["rev-parse", "--is-shallow-repository"])).text.trim() === "true";
}

const UNSHALLOW = "Run `git fetch --unshallow` (in GitHub Actions: `fetch-depth: 0` for actions/checkout).";

export function tooShallow(what: string): SourceError {
  return new SourceError("shallow", `This is a shallow clone: ${what} lies outside of it.`, UNSHALLOW);
}

/** For a commit that should be there. */
export async function missing(git: Git, ref: string): Promise<SourceError> {
  const hint = (await isShallow(git)) ? UNSHALLOW : "Check the spelling, or fetch it: `git fetch --all --tags`.";
  return new SourceError("unknown-commit", `There is no commit \`${ref}\` in ${git.directory}.`, hint);
}
