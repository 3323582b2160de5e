import { access, constants } from "node:fs/promises";
import { join, resolve as absolute } from "node:path";
import type { CommitId, ServiceId } from "../core/config/config.ts";
import type { IrreversibleCommit } from "../core/plan/irreversible.ts";
import type { RelationRow } from "../core/run/rows.ts";
import { type CommitList, MAX_LISTED, type Source, SourceError } from "../engine/ports/source.ts";
import { checkout } from "./checkout.ts";
import { Git } from "./exec.ts";
import { commitsOn, contentsAt, type Version, versionsOf } from "./history.ts";
import { irreversible } from "./irreversible.ts";
import { branchGlob, fullId, isRef, pathIn, treePath } from "./names.ts";
import { lookUp } from "./objects.ts";
import { isShallow, missing, relate, tooShallow } from "./relate.ts";
import { repositoryOf } from "./repository.ts";
import { REMOTE_HEAD } from "./upstream.ts";

/** A file that is read as text, in bytes: above what a config may be, so that its own limit speaks first. */
const MAX_FILE = 16 * 1024 * 1024;
/** Candidates that are named for a hash that is too short. */
const MAX_CANDIDATES = 5;

/**
 * A git repository by the git program: a directory in a work tree, or a bare repository. Never writes but for `keep`'s refs.
 * Paths are counted from `folder`, which is one of the repository's; nobody who uses a source knows where in the repository it begins.
 */
export class GitSource implements Source {
  readonly #git: Git;
  readonly folder: string;
  /** Where refs of branches are, for `commitsOn`. */
  protected branches: readonly string[] = ["refs/heads/", "refs/remotes/origin/"];

  constructor(options: { readonly directory: string; readonly folder?: string }) {
    this.#git = new Git(options.directory);
    this.folder = treePath(options.folder ?? "");
  }

  /** What is deployed from where a `sluice.yaml` lies: its paths are counted from there. */
  static ofProject(directory: string): GitSource {
    return new GitSource({ directory, folder: repositoryOf(directory)?.folder ?? "" });
  }

  async resolve(ref: string): Promise<CommitId> {
    if (!isRef(ref))
      throw new SourceError(
        "unknown-commit",
        `${JSON.stringify(ref)} is not the name of a commit.`,
        "Give a commit id, a branch, a tag or HEAD.",
      );
    const [found] = await lookUp(this.#git, [`${ref}^{commit}`]);
    if (typeof found === "object") {
      if (looksLikeId(ref) && !found.id.startsWith(ref.toLowerCase())) throw misleading(ref, found.id);
      return found.id;
    }
    throw (await this.#candidates(ref)) ?? (await missing(this.#git, ref));
  }

  async file(commit: CommitId, path: string): Promise<string | null> {
    if (treePath(path) === "") return null;
    const at = pathIn(this.folder, path);
    const { text } = await this.#about(commit, ["ls-tree", "-z", "--full-tree", "-l", fullId(commit), "--", at]);
    const [mode = "", , id = "", size = ""] = text.split(/\s+/, 4);
    if (mode === "120000")
      throw new SourceError(
        "unsafe-path",
        `\`${at}\` at ${commit.slice(0, 12)} is a symbolic link, which is not followed.`,
        "Commit the file itself in its place.",
      );
    if (!mode.startsWith("100")) return null;
    if (Number(size) > MAX_FILE)
      throw new SourceError(
        "too-large",
        `\`${at}\` at ${commit.slice(0, 12)} is larger than ${MAX_FILE / 1024 / 1024} MB.`,
        "Is it the right file?",
      );
    return (await this.#git.run(["cat-file", "blob", id])).text;
  }

  async describe(
    commit: CommitId,
  ): Promise<{ readonly subject: string; readonly author: string; readonly email: string; readonly at: number }> {
    const format = "--format=%s%x00%an%x00%ae%x00%ct";
    const { text } = await this.#about(commit, [
      "log",
      "-1",
      "--no-color",
      "--no-show-signature",
      "--no-notes",
      "--encoding=UTF-8",
      format,
      fullId(commit),
      "--",
    ]);
    const [subject = "", author = "", email = "", seconds = "0"] = text.trimEnd().split("\0");
    return { subject, author, email, at: Number(seconds) * 1_000 };
  }

  async between(from: CommitId, to: CommitId): Promise<CommitList | null> {
    const found = await lookUp(this.#git, [`${fullId(from)}^{commit}`, `${fullId(to)}^{commit}`]);
    if (found.some((object) => typeof object !== "object")) return null;
    const range = `${from}..${to}`;
    const { text: counted } = await this.#git.run(["rev-list", "--count", range, "--"]);
    const { text } = await this.#git.run([
      "log",
      `-${MAX_LISTED}`,
      "-z",
      "--no-color",
      "--no-show-signature",
      "--no-notes",
      "--encoding=UTF-8",
      // a subject has no line break, and a name neither
      "--format=%H%n%ct%n%an%n%s",
      range,
      "--",
    ]);
    const newest = text.split("\0").flatMap((entry) => {
      const [id, seconds, author = "", subject = ""] = entry.split("\n");
      return id ? [{ id, subject, author, at: Number(seconds) * 1_000 }] : [];
    });
    return { count: Number(counted), newest };
  }

  async policyRef(asked: string | null): Promise<{ readonly ref: string; readonly commit: CommitId }> {
    const full = asked ?? ((await this.#pointsAt(REMOTE_HEAD)) === null ? "refs/heads/main" : REMOTE_HEAD);
    const [found] = isRef(full) ? await lookUp(this.#git, [`${full}^{commit}`]) : [];
    const pointed = full === REMOTE_HEAD ? await this.#pointsAt(REMOTE_HEAD) : null;
    if (typeof found === "object") return { ref: pointed ?? asked ?? "main", commit: found.id };
    const several = await this.#candidates(full);
    if (several) throw several;
    throw noPolicyRef(asked, full, pointed);
  }

  /** Local branches and those of `origin` count, by their names without `refs/heads/` and `refs/remotes/origin/`. */
  async reachableFrom(commit: CommitId, refs: readonly string[]): Promise<boolean> {
    const { text } = await this.#about(commit, [
      "for-each-ref",
      `--contains=${fullId(commit)}`,
      "--format=%(refname)",
      "refs/heads/",
      "refs/remotes/origin/",
    ]);
    const globs = refs.map(branchGlob);
    const branches = text.split("\n").flatMap((ref) => /^refs\/(?:heads|remotes\/origin)\/(.+)$/.exec(ref)?.[1] ?? []);
    if (branches.some((branch) => branch !== "HEAD" && globs.some((matches) => matches(branch)))) return true;
    // Behind the edge of a shallow clone a branch may contain the commit after all.
    if (await isShallow(this.#git)) throw tooShallow(`whether ${refs.join(" or ")} contains ${commit.slice(0, 12)}`);
    return false;
  }

  /** Of these commits, those that are here; with `refs`, as `reachableFrom` counts them, those that are reachable from one. For a whole clone. */
  commitsOn(commits: readonly CommitId[], refs: readonly string[] | null): Promise<ReadonlySet<CommitId>> {
    return commitsOn(this.#git, commits, refs, this.branches);
  }

  /** The first parents of a commit, and itself, that changed a file, newest first. */
  versionsOf(head: CommitId, path: string, most: number): Promise<readonly Version[]> {
    return versionsOf(this.#git, head, pathIn(this.folder, path), most);
  }

  /** By commit, a word for what a file holds there, the same wherever it is the same; empty where there is none. */
  contentsAt(commits: readonly CommitId[], path: string): Promise<ReadonlyMap<CommitId, string>> {
    return contentsAt(this.#git, commits, pathIn(this.folder, path));
  }

  async relate(release: CommitId, live: CommitId, services: Readonly<Record<ServiceId, readonly string[]>>): Promise<RelationRow> {
    return relate(this.#git, fullId(release), fullId(live), services, this.folder);
  }

  async irreversible(from: CommitId, to: CommitId, paths: readonly string[]): Promise<readonly IrreversibleCommit[]> {
    return irreversible(this.#git, fullId(from), fullId(to), paths, this.folder);
  }

  async dirty(): Promise<boolean> {
    const { text } = await this.#git.run(["rev-parse", "--is-inside-work-tree"]);
    if (text.trim() !== "true") return false;
    return (await this.#git.run(["status", "--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=dirty"])).text !== "";
  }

  async checkout(commit: CommitId, path: string, into: string): Promise<void> {
    const at = pathIn(this.folder, path);
    const [found] = await lookUp(this.#git, [`${fullId(commit)}:${at}`]);
    if (found === undefined || typeof found === "string") {
      await this.resolve(commit);
      throw new SourceError(
        "git-failed",
        `There is no \`${at}\` at ${commit.slice(0, 12)}.`,
        "Check the path in sluice.yaml; it is counted from the folder of that file.",
      );
    }
    if (found.type !== "tree")
      throw new SourceError("git-failed", `\`${at}\` at ${commit.slice(0, 12)} is not a folder.`, "Name the folder that holds it.");
    await checkout(this.#git, commit, at, into);
  }

  /** By a ref. In a repository that this user cannot write nothing is kept, and nothing is wrong: whoever can write there decides what is collected. */
  async keep(commit: CommitId): Promise<void> {
    try {
      await this.#about(commit, ["update-ref", `refs/sluice/keep/${fullId(commit)}`, commit]);
    } catch (error) {
      const blocked = error instanceof SourceError && error.code === "git-failed" && !(await this.#isWritable());
      if (!blocked) throw error;
    }
  }

  /** Runs a command about a commit. Where it fails because there is no such commit, that is what is said. */
  async #about(commit: CommitId, args: readonly string[]): ReturnType<Git["run"]> {
    try {
      return await this.#git.run(args);
    } catch (error) {
      if (error instanceof SourceError && error.code === "git-failed") await this.resolve(commit);
      throw error;
    }
  }

  /** git's own message does not say why a ref could not be written. */
  async #isWritable(): Promise<boolean> {
    const { text } = await this.#git.run(["rev-parse", "--git-common-dir"]);
    const refs = join(absolute(this.#git.directory, text.trim()), "refs");
    return access(refs, constants.W_OK).then(
      () => true,
      () => false,
    );
  }

  /** Rejects (`shallow`) where history is cut off: how commits stand to each other could not be told. */
  async mustBeWhole(): Promise<void> {
    if (await isShallow(this.#git)) throw tooShallow("how commits stand to each other");
  }

  /** What a symbolic ref points at, whether it is there or not, as people say it: `origin/main`; null: there is none of that name. */
  async #pointsAt(ref: string): Promise<string | null> {
    const { text } = await this.#git.run(["symbolic-ref", "--quiet", "--short", ref], { answers: [1, 128] });
    return text.trim() || null;
  }

  /** What to say of a hash that is short for several commits; null where it is not. */
  async #candidates(ref: string): Promise<SourceError | null> {
    if (!/^[0-9a-f]{4,63}$/i.test(ref)) return null;
    const { text } = await this.#git.run(["rev-parse", `--disambiguate=${ref}`]);
    const ids = text.split("\n").filter((id) => id !== "");
    const found = await lookUp(this.#git, ids);
    const commits = ids.filter((_, index) => {
      const object = found[index];
      return typeof object === "object" && object.type === "commit";
    });
    if (commits.length < 2) return null;
    const named = await Promise.all(commits.slice(0, MAX_CANDIDATES).map(async (id) => `  ${id} ${(await this.describe(id)).subject}`));
    const more = commits.length > MAX_CANDIDATES ? [`  and ${commits.length - MAX_CANDIDATES} more`] : [];
    return new SourceError(
      "ambiguous-commit",
      `\`${ref}\` is short for ${commits.length} commits:\n${[...named, ...more].join("\n")}`,
      "Give more characters of the one you mean.",
    );
  }
}

export const looksLikeId = (ref: string): boolean => /^[0-9a-f]{7,64}$/i.test(ref);

/** git takes a ref before an id; people who read it, and whoever approves it, take it for the commit. */
const misleading = (ref: string, commit: CommitId): SourceError =>
  new SourceError(
    "ambiguous-commit",
    `\`${ref}\` reads like the id of a commit, and is the name of a branch or a tag that leads to ${commit.slice(0, 12)}.`,
    `Give the commit's whole id, or the ref's whole name: refs/heads/${ref} or refs/tags/${ref}.`,
  );

/** A branch that was left behind is no policy: nobody guards it, and what it says is from before. */
function noPolicyRef(asked: string | null, full: string, pointed: string | null): SourceError {
  const follow = "Run `git remote set-head origin --auto`, or name the ref with --policy-ref.";
  if (pointed !== null)
    return new SourceError("no-policy-ref", `Policy is read from origin/HEAD, which is ${pointed}, and that is gone.`, follow);
  if (full === REMOTE_HEAD)
    return new SourceError(
      "no-policy-ref",
      "Policy is read from origin/HEAD, and there is none: the remote has not said what it is.",
      follow,
    );
  return asked === null
    ? new SourceError("no-policy-ref", "Neither origin/HEAD nor a local branch main says where policy is read from.", follow)
    : new SourceError("no-policy-ref", `There is no commit \`${asked}\` to read policy from.`, "Check --policy-ref, or fetch it.");
}
