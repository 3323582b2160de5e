import type { CommitId } from "../../core/config/config.ts";
import type { Store } from "../../engine/ports/store.ts";
import type { Delivered } from "../hooks/delivery.ts";
import type { Log } from "./worker.ts";

export type Push = Extract<Delivered, { readonly what: "push" }>;

/** The clone that the server works in, and where it was cloned from. */
export type Clone = {
  fetch(): Promise<void>;
  /** As fetched last; null: there is no such branch. */
  head(branch: string): Promise<CommitId | null>;
  /** Whether `ancestor` is the commit or in its history. */
  contains(commit: CommitId, ancestor: CommitId): Promise<boolean>;
};
/** Starts deploy all of a commit; the same commit under the same reason only once. Rejects where it is to be tried again. */
export type Deploy = (request: {
  readonly commit: CommitId;
  readonly by: string;
  readonly reason: string;
}) => Promise<{ readonly run: string; readonly already: boolean } | { readonly refused: string }>;

export type PushParts = {
  readonly clone: Clone;
  readonly store: Pick<Store, "note" | "setNotes">;
  readonly deploy: Deploy;
  /** Whose pushes deploy, as policy says; null: a push starts nothing. Asked after each fetch. */
  readonly branch: () => Promise<string | null>;
  /** Who has pushed a commit that nobody has told of. Rejects where that cannot be known now. */
  readonly pusher: (branch: string, commit: CommitId) => Promise<string>;
  readonly log: Log;
};

const BRANCH = "refs/heads/";
const key = (branch: string): string => `github/pushed/${branch}`;

/**
 * Pushes become runs. The branch itself is the truth, and a webhook only says sooner, and who it was: what it tells is checked against what was fetched, and what nobody told of is found by looking.
 * Which commit was dealt with last is kept, so that each is started once, late and repeated deliveries start nothing, and an older one never comes after a newer.
 */
export class Pushes {
  readonly #parts: PushParts;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** What was delivered. Any push is fetched: commits of other branches may be deployed by hand. */
  async pushed({ ref, commit, by }: Push): Promise<void> {
    const { clone, log } = this.#parts;
    await clone.fetch();
    const branch = await this.#parts.branch();
    if (commit === null || branch === null || ref !== BRANCH + branch) return;
    const head = await clone.head(branch);
    if (head === null || !(await clone.contains(head, commit))) {
      log("info", "a push is not on its branch any more, and starts nothing", { branch, commit });
      return;
    }
    await this.#start(branch, commit, head, () => Promise.resolve(by));
  }

  /** What was pushed and not told of. The first look only notes where the branch is: that a server was set up is no push. */
  async reconcile(): Promise<void> {
    const { clone, log, store } = this.#parts;
    await clone.fetch();
    const branch = await this.#parts.branch();
    if (branch === null) return;
    const head = await clone.head(branch);
    if (head === null) {
      log("warn", `there is no branch ${branch} to deploy`, { hint: "github.branch in sluice.yaml names it" });
      return;
    }
    if ((await store.note(key(branch))) === null) {
      await this.#dealtWith(branch, head);
      log("info", "pushes deploy from here on", { branch, commit: head });
      return;
    }
    await this.#start(branch, head, head, () => this.#parts.pusher(branch, head));
  }

  async #start(branch: string, commit: CommitId, head: CommitId, by: () => Promise<string>): Promise<void> {
    const { clone, store, deploy, log } = this.#parts;
    const last = await store.note(key(branch));
    if (last === commit) return;
    if (last !== null && (await clone.contains(last, commit))) {
      // Late, or the branch was set back: going back is a rollback and follows its rules.
      if (await clone.contains(head, last)) return;
      log("warn", `${branch} was set back to ${head.slice(0, 12)}: nothing is deployed`, { hint: "sluice rollback goes back" });
      await this.#dealtWith(branch, head);
      return;
    }
    const person = await by();
    const answer = await deploy({ commit, by: person, reason: `pushed to ${branch}` });
    if ("refused" in answer) log("warn", `a push to ${branch} is not deployed: ${answer.refused}`, { commit, by: person });
    else if (!answer.already) log("info", "a push is deployed", { branch, commit, by: person, run: answer.run });
    await this.#dealtWith(branch, commit);
  }

  #dealtWith = (branch: string, commit: CommitId): Promise<void> => this.#parts.store.setNotes({ [key(branch)]: commit });
}
