import type { CommitId, ServiceId } from "../../core/config/config.ts";
import type { IrreversibleCommit } from "../../core/plan/irreversible.ts";
import type { RelationRow } from "../../core/run/rows.ts";
import { type CommitList, SourceError } from "../../engine/ports/source.ts";
import { GitSource, looksLikeId } from "../../source/git.ts";
import { repositoryOf } from "../../source/repository.ts";
import { type Credential, Upstream } from "../../source/upstream.ts";
import { once } from "../once.ts";
import { gitCredential } from "../github/credential.ts";

/** Where the branches are that a job has brought for itself. */
const FETCHED = "refs/sluice/origin/";

type Options = {
  readonly directory: string;
  /** Where GitHub is, and the job's token. */
  readonly server: string;
  readonly token: string;
  readonly note: (line: string) => void;
};

/** A job's checkout, which is as old as its workflow run: what was deployed since is brought before commits are compared. What cannot be brought stays unknown, and nothing goes on over that. */
export class JobSource extends GitSource {
  readonly #options: Options;
  readonly #upstream: Upstream;
  /** Whatever has come of it. */
  readonly #fetchOnce = once((commit: CommitId) => this.#fetch(commit));

  constructor(options: Options) {
    super({ directory: options.directory, folder: repositoryOf(options.directory)?.folder ?? "" });
    this.#options = options;
    this.#upstream = new Upstream(options.directory);
  }

  /** A checkout has one branch of its own; the others are those of its remote, and called without that by people. */
  override async resolve(ref: string): Promise<CommitId> {
    try {
      return await super.resolve(ref);
    } catch (error) {
      if (!(error instanceof SourceError) || error.code !== "unknown-commit" || looksLikeId(ref)) throw error;
      return await super.resolve(`refs/remotes/origin/${ref}`).catch(() => {
        throw error;
      });
    }
  }

  override async relate(release: CommitId, live: CommitId, services: Readonly<Record<ServiceId, readonly string[]>>): Promise<RelationRow> {
    await this.#bring(release, live);
    return await super.relate(release, live, services);
  }

  override async between(from: CommitId, to: CommitId): Promise<CommitList | null> {
    await this.#bring(from, to);
    return await super.between(from, to);
  }

  override async irreversible(from: CommitId, to: CommitId, paths: readonly string[]): Promise<readonly IrreversibleCommit[]> {
    await this.#bring(from, to);
    return await super.irreversible(from, to, paths);
  }

  override async commitsOn(commits: readonly CommitId[], refs: readonly string[] | null): Promise<ReadonlySet<CommitId>> {
    const there = await super.commitsOn(commits, refs);
    // without branches to be on, one that only the remote has will do
    const missing = refs === null ? commits.filter((commit) => !there.has(commit)) : [];
    if (missing.length === 0) return there;
    await this.#bring(...missing);
    return await super.commitsOn(commits, refs);
  }

  /** Brings the branches as they are now, which is what `commitsOn` goes by from then on; policy does not change under a job. Resolves to the head of one; null: there is nobody to ask. Rejects where they cannot be brought. */
  async refresh(branch: string): Promise<CommitId | null> {
    const address = await this.#upstream.address();
    if (address === null) return null;
    await this.#upstream.fetchBeside(FETCHED, this.#credential(address));
    this.branches = [FETCHED];
    return await this.resolve(FETCHED + branch);
  }

  #credential(address: string): Credential | null {
    const { server, token } = this.#options;
    return token === "" ? null : gitCredential(server, token, address);
  }

  async #bring(...commits: readonly CommitId[]): Promise<void> {
    for (const commit of commits) await this.#fetchOnce(commit);
  }

  async #fetch(commit: CommitId): Promise<void> {
    if (await this.#upstream.has(commit)) return;
    const { note } = this.#options;
    try {
      const address = (await this.#upstream.address()) ?? "";
      await this.#upstream.fetchCommit(commit, this.#credential(address));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      note(`${commit.slice(0, 12)} is not in this checkout and could not be fetched, so nothing is known of it: ${error.message}`);
    }
  }
}
