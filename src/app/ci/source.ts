import type { CommitId, ServiceId } from "../../core/config/config.ts";
import type { IrreversibleCommit } from "../../core/plan/irreversible.ts";
import type { RelationRow } from "../../core/run/rows.ts";
import { type CommitList, SourceError } from "../../engine/ports/source.ts";
import { GitSource } from "../../source/git.ts";
import { repositoryOf } from "../../source/repository.ts";
import { Upstream } from "../../source/upstream.ts";
import { gitCredential } from "../github/credential.ts";

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
  /** Asked for once, whatever has come of it. */
  readonly #asked = new Map<CommitId, Promise<void>>();

  constructor(options: Options) {
    super({ directory: options.directory, folder: repositoryOf(options.directory)?.folder ?? "" });
    this.#options = options;
    this.#upstream = new Upstream(options.directory);
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

  async #bring(...commits: readonly CommitId[]): Promise<void> {
    for (const commit of commits) {
      const asked = this.#asked.get(commit) ?? this.#fetch(commit);
      this.#asked.set(commit, asked);
      await asked;
    }
  }

  async #fetch(commit: CommitId): Promise<void> {
    if (await this.#upstream.has(commit)) return;
    const { server, token, note } = this.#options;
    try {
      const address = (await this.#upstream.address()) ?? "";
      await this.#upstream.fetchCommit(commit, token === "" ? null : gitCredential(server, token, address));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      note(`${commit.slice(0, 12)} is not in this checkout and could not be fetched, so nothing is known of it: ${error.message}`);
    }
  }
}
