import type { CommitId } from "../../core/config/config.ts";
import type { Forecast } from "../../core/plan/forecast.ts";
import type { Store } from "../../engine/ports/store.ts";
import { ForgeError } from "../forge.ts";
import type { Check, Pull, PullsForge } from "./forge.ts";
import { elsewhere, type PlanText, planText, type Unplannable } from "./plan-text.ts";
import { type Log, textKey } from "./worker.ts";

/** Which pull requests are told of, by the file of the policy ref; `starts`: a push to the branch deploys. */
export type PullRules = { readonly branch: string; readonly which: "own" | "all"; readonly starts: boolean };
/** What git has of a pull request; `merge.of`: the commits that it brings together, the base's first. */
type Refs = { readonly head: CommitId; readonly merge: { readonly commit: CommitId; readonly of: readonly CommitId[] } | null };

export type PullParts = {
  readonly forge: PullsForge;
  readonly store: Pick<Store, "note" | "notes" | "setNotes">;
  readonly project: string;
  /** null: none is told of. */
  readonly rules: () => Promise<PullRules | null>;
  /** Fetches what a pull request has, for as long as it is used. */
  readonly withPull: <T>(number: number, use: (refs: Refs | null) => Promise<T>) => Promise<T>;
  /** Of a branch, as fetched last. */
  readonly head: (branch: string) => Promise<CommitId | null>;
  /** What a deploy would do, were the commit on the branch whose commit is `base`. Rejects where that cannot be known now. */
  readonly forecast: (commit: CommitId, branch: string, base: CommitId | null) => Promise<Forecast | Unplannable>;
  /** As an App: says it beside the head too. */
  readonly check: ((commit: CommitId, check: Check) => Promise<void>) | null;
  readonly page: () => string | null;
  readonly log: Log;
};

const KEY = "github/pull/";
/** `due`: something is still to be said. `head`, `base`: what was looked at last. `told`: what was said last, by its hash. */
type Kept = {
  readonly due: boolean;
  readonly head: CommitId | null;
  readonly base: string | null;
  readonly comment: number | null;
  readonly told: string | null;
};
const NOTHING: Kept = { due: true, head: null, base: null, comment: null, told: null };

/**
 * Says at each pull request into the branch that deploys what a merge would deploy and where: one comment, which is changed in place. What a pull request is like is asked of the forge and of git,
 * whatever was delivered; nothing of it is run.
 */
export class Pulls {
  readonly #parts: PullParts;
  /** Under which the open ones were listed last. */
  #tag: string | null = null;

  constructor(parts: PullParts) {
    this.#parts = parts;
  }

  /** Resolves when it is kept that there is something to look at. */
  async changed(number: number): Promise<void> {
    await this.#keep(number, { ...((await this.#kept(number)) ?? NOTHING), due: true });
  }

  /** What nobody has told of: those that are open and another than they were. */
  async reconcile(): Promise<void> {
    const rules = await this.#parts.rules();
    if (rules === null) return;
    const listed = await this.#parts.forge.openPulls(rules.branch, this.#tag);
    if (listed === null) return;
    for (const pull of listed.pulls) {
      const kept = await this.#kept(pull.number);
      const isKnown = kept?.head === pull.head && kept.base === pull.base;
      if (!isKnown && isMeant(pull, rules)) await this.changed(pull.number);
    }
    await this.#forget(new Set(listed.pulls.map(({ number }) => number)));
    this.#tag = listed.tag;
  }

  /** How many are still to be told. */
  async behind(): Promise<number> {
    return (await this.#all()).filter(([, { due }]) => due).length;
  }

  /** Looks at all that are due. Rejects with the first failure, after all were looked at that could be. */
  async look(): Promise<void> {
    const rules = await this.#parts.rules();
    const failures: unknown[] = [];
    for (const [number, kept] of await this.#all()) {
      if (!kept.due) continue;
      try {
        await this.#each(number, kept, rules);
      } catch (error) {
        if (error instanceof ForgeError && error.code === "limited") throw error;
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #each(number: number, kept: Kept, rules: PullRules | null): Promise<void> {
    const pull = rules === null ? null : await this.#parts.forge.pull(number);
    const done = { ...kept, due: false, head: pull?.head ?? null, base: pull?.base ?? null };
    if (!pull || !rules || !isMeant(pull, rules)) return await this.#keep(number, done);
    if (pull.base !== rules.branch) {
      const told = kept.comment === null ? kept : await this.#comment(number, kept, elsewhere(pull.base));
      return await this.#keep(number, { ...told, due: false, head: pull.head, base: pull.base });
    }
    await this.#parts.withPull(number, async (refs) => {
      // It was closed, or its branch has gone, since it was asked for.
      if (refs === null) return await this.#keep(number, done);
      const said = await this.#plan(refs, rules);
      const told = await this.#comment(number, kept, said.body);
      await this.#check(refs.head, said);
      await this.#keep(number, { ...told, due: false, head: refs.head, base: pull.base });
    });
  }

  async #plan({ head, merge }: Refs, { branch, starts }: PullRules): Promise<PlanText> {
    const base = await this.#parts.head(branch);
    // GitHub makes it when it gets to it: one of another base or head is of another time.
    const isCurrent = merge !== null && merge.of.length === 2 && merge.of[0] === base && merge.of[1] === head;
    const found = await this.#parts.forecast(isCurrent ? merge.commit : head, branch, base);
    return planText({ branch, base, head, merged: isCurrent, starts }, found);
  }

  /** What it is about is kept at once: who ends after this finds the comment by its marker. */
  async #comment(number: number, kept: Kept, body: string): Promise<Kept> {
    const { forge, project, log } = this.#parts;
    const told = textKey(body);
    if (kept.told === told) return kept;
    const marker = `<!-- sluice: plan of ${encodeURIComponent(project)} -->`;
    try {
      const comment = await forge.setComment(number, { marker, body }, kept.comment);
      const now = { ...kept, comment, told };
      await this.#keep(number, now);
      return now;
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== "refused") throw error;
      log("warn", `nothing is said at pull request ${number}: ${error.message}`);
      return { ...kept, told };
    }
  }

  async #check(commit: CommitId, { title, body, isGood }: PlanText): Promise<void> {
    const { check, page } = this.#parts;
    await check?.(commit, { title, summary: body, conclusion: isGood ? "success" : "failure", url: page() });
  }

  /** Those that are not open any more; if they are opened again, their comment is found. */
  async #forget(open: ReadonlySet<number>): Promise<void> {
    const gone = (await this.#all()).filter(([number, { due }]) => !due && !open.has(number));
    if (gone.length > 0) await this.#parts.store.setNotes(Object.fromEntries(gone.map(([number]) => [KEY + number, null])));
  }

  async #all(): Promise<readonly (readonly [number: number, kept: Kept])[]> {
    const notes = await this.#parts.store.notes(KEY);
    return notes.map(({ key, body }) => [Number(key.slice(KEY.length)), JSON.parse(body) as Kept] as const);
  }

  async #kept(number: number): Promise<Kept | null> {
    const body = await this.#parts.store.note(KEY + number);
    return body === null ? null : (JSON.parse(body) as Kept);
  }

  #keep = (number: number, kept: Kept): Promise<void> => this.#parts.store.setNotes({ [KEY + number]: JSON.stringify(kept) });
}

/** A draft cannot be merged. What a fork's owner pushes is fetched only where the file says so. */
const isMeant = ({ open, draft, own }: Pull, { which }: PullRules): boolean => open && !draft && (own || which === "all");
