import type { CommitId } from "../core/config/config.ts";
import { SourceError } from "../engine/ports/source.ts";
import { Git, LONG_TIMEOUT_MS } from "./exec.ts";
import { fullId, isRef } from "./names.ts";

const REMOTE = "origin";
/** The remote's default branch, by which policy is read. */
export const REMOTE_HEAD = `refs/remotes/${REMOTE}/HEAD`;

/** Where commits of pull requests are while they are looked at: no branch, so no commit counts as reachable from there. */
const PULLS = "refs/sluice/pull";

/** What a forge keeps of a pull request. `merge`: what it would be merged into its base, as far as the forge has made that; `of`: the commits that it brings together, the base's first. */
export type PullRefs = { readonly head: CommitId; readonly merge: { readonly commit: CommitId; readonly of: readonly CommitId[] } | null };

/** How a token reaches the remote: only where its address begins so, and in no list of arguments. */
export type Credential = { readonly prefix: string; readonly header: string };

/** A remote that has sent nothing for so long, in seconds, will not: the fetch ends, and is tried again. */
const STALLED_S = 60;
/** What git says where the remote does not take who asks, or does not let them. */
const DENIED = /could not read Username|Authentication failed|returned error: 40[13]|repository .* not found/i;

/** The repository that this one was cloned from. Only refs of remote branches and `origin/HEAD` are written: neither the work tree nor local branches. Rejects with a `SourceError`. */
export class Upstream {
  readonly #git: Git;
  readonly #stalled: Readonly<Record<string, string>>;
  #last: Promise<unknown> = Promise.resolve();

  /** `stalledS`: only tests have another. */
  constructor(directory: string, stalledS = STALLED_S) {
    this.#git = new Git(directory);
    this.#stalled = { "http.lowSpeedLimit": "1", "http.lowSpeedTime": String(stalledS) };
  }

  /** null: there is none. */
  async address(): Promise<string | null> {
    const { exitCode, text } = await this.#git.run(["remote", "get-url", REMOTE], { answers: [2, 128] });
    return exitCode === 0 ? text.trim() : null;
  }

  /**
   * Brings what was pushed since; branches that are gone are taken away, so that no commit counts as reachable from them. `pull`: what the forge keeps of that pull request too, for `usePull`.
   * Rejects with `remote-denied` where the remote does not let it.
   */
  async fetch(credential: Credential | null, pull: number | null = null): Promise<void> {
    await this.#follow(credential);
    // Of a pattern only what is there is fetched: a merge is not always.
    const more = pull === null ? [] : [`+refs/pull/${pull}/*:${PULLS}/${pull}/*`];
    await this.#fetch(["--prune"], [`+refs/heads/*:refs/remotes/${REMOTE}/*`, ...more], credential);
  }

  /** Calls back with a pull request's commits as fetched, to which no branch here leads, and lets go of them. null: the remote has none of that number. */
  async usePull<T>(pull: number, use: (refs: PullRefs | null) => Promise<T>): Promise<T> {
    const refs = `${PULLS}/${pull}`;
    try {
      const head = await this.#commitOf(`${refs}/head`);
      const merge = await this.#commitOf(`${refs}/merge`);
      return await use(head === null ? null : { head, merge: merge === null ? null : { commit: merge, of: await this.#parents(merge) } });
    } finally {
      const { text } = await this.#git.run(["for-each-ref", "--format=delete %(refname)", `${refs}/`]);
      if (text !== "") await this.#git.run(["update-ref", "--stdin"], { input: text });
    }
  }

  /** Brings all branches as they are now under refs of their own, such as `refs/sluice/origin/`: those of the clone stay where they are, and what is read from them. */
  async fetchBeside(under: string, credential: Credential | null): Promise<void> {
    await this.#fetch(["--prune"], [`+refs/heads/*:${under}*`], credential);
  }

  async has(commit: CommitId): Promise<boolean> {
    return (await this.#git.run(["cat-file", "-e", `${fullId(commit)}^{commit}`], { answers: [1, 128] })).exitCode === 0;
  }

  /** Brings one commit with all of its history, whichever refs it is or is not on; no ref is written. */
  async fetchCommit(commit: CommitId, credential: Credential | null): Promise<void> {
    await this.#fetch([], [fullId(commit)], credential);
  }

  async #fetch(more: readonly string[], what: readonly string[], credential: Credential | null): Promise<void> {
    const args = ["fetch", "--quiet", ...more, "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", REMOTE, ...what];
    // Two at once are in each other's way where they write the same ref.
    const turn = this.#last.then(() => this.#ask(args, credential));
    this.#last = turn.catch(() => {});
    await turn;
  }

  /** Asks the remote. */
  async #ask(args: readonly string[], credential: Credential | null): Promise<string> {
    const settings = { ...this.#stalled, ...(credential && { [`http.${credential.prefix}.extraHeader`]: credential.header }) };
    try {
      return (await this.#git.run(args, { timeoutMs: LONG_TIMEOUT_MS, settings })).text;
    } catch (error) {
      if (!(error instanceof SourceError) || error.code !== "git-failed") throw error;
      const [code, hint] = DENIED.test(error.message)
        ? (["remote-denied", "Whoever fetches has to be allowed to read the repository: on GitHub, contents (read)"] as const)
        : (["git-failed", "Try again; `git fetch` in the clone says whether it is the network"] as const);
      throw new SourceError(code, error.message, hint, { cause: error });
    }
  }

  /**
   * Points `origin/HEAD` at the branch that the remote says is its default, before that is fetched: it may have been renamed, and whoever may push can make one of the old name.
   * A remote that does not say leaves it where it is.
   */
  async #follow(credential: Credential | null): Promise<void> {
    const text = await this.#ask(["ls-remote", "--symref", REMOTE, "HEAD"], credential);
    const branch = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(text)?.[1];
    if (branch !== undefined && isRef(branch)) await this.#git.run(["symbolic-ref", REMOTE_HEAD, `refs/remotes/${REMOTE}/${branch}`]);
  }

  async #parents(commit: CommitId): Promise<readonly CommitId[]> {
    const { text } = await this.#git.run(["rev-list", "--parents", "--max-count=1", fullId(commit), "--"]);
    return text.trim().split(" ").slice(1);
  }

  /** Of a branch, as it was fetched last; null: there is no such branch. */
  async head(branch: string): Promise<CommitId | null> {
    return isRef(branch) ? await this.#commitOf(`refs/remotes/${REMOTE}/${branch}`) : null;
  }

  async #commitOf(ref: string): Promise<CommitId | null> {
    const { exitCode, text } = await this.#git.run(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`], { answers: [1] });
    return exitCode === 0 ? text.trim() : null;
  }

  /** Whether a commit is this one or one of its ancestors; false also where it is not here. */
  async contains(commit: CommitId, ancestor: CommitId): Promise<boolean> {
    const { exitCode } = await this.#git.run(["merge-base", "--is-ancestor", fullId(ancestor), fullId(commit)], { answers: [1, 128] });
    return exitCode === 0;
  }

  /** Throws where there is nobody to fetch from. */
  async mustBe(): Promise<string> {
    const address = await this.address();
    if (address !== null) return address;
    throw new SourceError(
      "git-failed",
      "This repository has no remote origin, so nothing that is pushed elsewhere can be seen.",
      "Serve a clone of the repository that is pushed to: git clone",
    );
  }
}
