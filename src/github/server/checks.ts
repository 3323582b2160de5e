import type { CommitId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import type { RunRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { ForgeError } from "../forge.ts";
import { checkOf, type WaitingGate } from "./check-text.ts";
import { changesBehind, follow } from "./follow.ts";
import type { Check, ChecksForge } from "./forge.ts";
import { type Log, textKey } from "./worker.ts";

type Parts = {
  readonly forge: ChecksForge;
  readonly store: Pick<Store, "note" | "setNotes" | "eventsAfter" | "lastSeq" | "run" | "runs" | "plan" | "steps">;
  readonly gates: () => Promise<readonly WaitingGate[]>;
  readonly link: (run: string) => string | null;
  readonly log: Log;
};

const CURSOR = "github/checks";
const KEY = "github/check/";
/** Runs of a commit that are looked at for one that has not ended. */
const LOOKED_AT = 50;
/** `id`: the forge's; null: it has refused. `told`: what was to be said, by its hash. */
type Kept = { readonly id: number | null; readonly told: string };

/**
 * As an App: one check run beside each commit says what of its plan is done, and what waits for whom. It follows the log as `Records` does. Which check run it is is asked of the forge before one is made,
 * so that there is never a second, whatever was lost here.
 */
export class Checks {
  readonly #parts: Parts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Up to the end of the log. Rejects with a `ForgeError` where it has to go on later. */
  async write(): Promise<void> {
    await follow(this.#parts.store, CURSOR, async (changes) => {
      const commits = await this.#touched(changes);
      if (commits.size === 0) return;
      const gates = await this.#parts.gates();
      for (const commit of commits) await this.#run(commit, gates);
    });
  }

  /** Commits of which something is still to be said. */
  async behind(): Promise<number> {
    return (await this.#touched(await changesBehind(this.#parts.store, CURSOR))).size;
  }

  /** What is said of a commit that nothing deploys; where a run does, what that says stays. */
  async say(commit: CommitId, check: Check): Promise<void> {
    if ((await this.#runOf(commit)) === null) await this.#tell(commit, check);
  }

  async #touched(changes: readonly Change[]): Promise<ReadonlySet<CommitId>> {
    const commits = new Set<CommitId>();
    const runs = new Set<string>();
    for (const change of changes) {
      if (change.table === "run" && change.row.kind === "deploy") commits.add(change.row.commit);
      if (change.table === "step") runs.add(change.row.run);
      if (change.table === "decision") commits.add(change.row.commit);
    }
    for (const id of runs) {
      const run = await this.#parts.store.run(id);
      if (run?.kind === "deploy") commits.add(run.commit);
    }
    return commits;
  }

  async #run(commit: CommitId, all: readonly WaitingGate[]): Promise<void> {
    const { store, link } = this.#parts;
    const run = await this.#runOf(commit);
    const plan = run && (await store.plan(run.id));
    if (!run || !plan) return;
    const gates = all.filter((gate) => gate.run === run.id);
    await this.#tell(commit, { ...checkOf({ run, plan, steps: await store.steps(run.id), gates }), url: link(run.id) });
  }

  /** The newest that has not ended, else the newest: while one of them is under way, the commit is. */
  async #runOf(commit: CommitId): Promise<RunRow | null> {
    const { items } = await this.#parts.store.runs({ commit, kind: "deploy" }, { limit: LOOKED_AT, cursor: null });
    return items.find(({ endedAt }) => endedAt === null) ?? items[0] ?? null;
  }

  /** One after the other, whoever asks: two at once would both find none. */
  async #tell(commit: CommitId, check: Check): Promise<void> {
    const turn = this.#last.then(() => this.#say(commit, check));
    this.#last = turn.catch(() => {});
    await turn;
  }

  async #say(commit: CommitId, check: Check): Promise<void> {
    const { forge, store, log } = this.#parts;
    const body = await store.note(KEY + commit);
    const kept = body === null ? null : (JSON.parse(body) as Kept);
    const told = textKey(JSON.stringify(check));
    if (kept?.told === told) return;
    try {
      const id = await forge.setCheck(commit, check, kept?.id ?? null);
      await store.setNotes({ [KEY + commit]: JSON.stringify({ id, told } satisfies Kept) });
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== "refused") throw error;
      // Such as a commit that was never pushed there: to try again changes nothing, and must not keep the rest waiting.
      log("warn", `nothing is said beside ${commit.slice(0, 12)}: ${error.message}`);
      await store.setNotes({ [KEY + commit]: JSON.stringify({ id: null, told } satisfies Kept) });
    }
  }
}
