import type { CommitId } from "../../core/config/config.ts";
import type { Store } from "../../engine/ports/store.ts";
import { type Forge, ForgeError, type WorkflowRun } from "../forge.ts";
import type { Delivered } from "../hooks/delivery.ts";
import { type Facts, type Judged, judgeNeeds, saysEnded, saysLate, saysThere, saysWaits, type Waiting } from "../needs/judge.ts";
import { RecordError } from "../records/read.ts";
import type { ServerForge } from "./forge.ts";
import { Pace } from "./pace.ts";
import type { Log } from "./worker.ts";

type Asked = Extract<Delivered, { readonly what: "gate" }>;

/** What a workflow run waits for. `refused`: for nothing that is ours to let pass, now or later; `unclear`: that may be known yet. */
export type Subject =
  | { readonly is: "known"; readonly waiting: Waiting; readonly timeoutMs: number }
  | { readonly is: "unclear"; readonly words: string; readonly timeoutMs: number }
  | { readonly is: "refused"; readonly words: string };

/** One look at GitHub and the clone, for all that wait: each thing is asked once. */
export type Look = Facts & {
  readonly subject: (run: WorkflowRun, asked: Pick<Asked, "environment" | "commit">) => Promise<Subject>;
};

type Parts = {
  readonly server: Pick<ServerForge, "passGate" | "explainGate">;
  readonly store: Pick<Store, "note" | "notes" | "setNotes">;
  readonly look: () => Look;
  readonly budget: Forge["budget"];
  readonly now: () => number;
  readonly log: Log;
};

/** Where who waits is kept until GitHub has been told. */
export const WAITING_RUNS = "github/wait/";
/** As often as GitHub takes, no sooner than so many ms after the last, and to so few in one look that who may pass does not wait behind them: GitHub takes one a second. */
const TOLD = { most: 10, everyMs: 300_000, atOnce: 10 };

type Kept = {
  readonly run: number;
  readonly environment: string;
  readonly commit: CommitId;
  readonly askedAt: number;
  /** When it was asked once more: by another attempt at the run, which waits anew, or for the same one again. */
  readonly again: number | null;
  /** null: not known yet. */
  readonly known: { readonly attempt: number; readonly head: CommitId; readonly waiting: Waiting; readonly timeoutMs: number } | null;
  readonly told: { readonly words: string; readonly at: number; readonly times: number } | null;
};
type Known = Kept & { readonly known: NonNullable<Kept["known"]> };

/**
 * Sluice as the rule that holds workflow runs, without a runner, until what they need serves: by the judgement of `sluice ci wait`, over the same records. Who waits is kept until GitHub has been told.
 * Nothing passes of which it is not known for certain that it may; what will not come, has waited for too long or is not ours is rejected, with what to do.
 */
export class Waits {
  readonly #parts: Parts;
  readonly #pace: Pace;
  #anybody = true;
  #toTell = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.now, parts.budget);
  }

  /** Resolves when it is kept. */
  async asked({ run, environment, commit }: Asked): Promise<void> {
    const at = this.#parts.now();
    const before = await this.#parts.store.note(keyOf({ run, environment }));
    const kept: Kept =
      before === null
        ? { run, environment, commit, askedAt: at, again: null, known: null, told: null }
        : { ...(JSON.parse(before) as Kept), again: at };
    await this.#keep(kept);
    this.#pace.moved();
  }

  /** Something has become of a deployment, or of a workflow run. */
  moved(): void {
    this.#pace.moved();
  }

  /** Until the next look, in ms; null: nobody waits. */
  dueMs = (): number | null => (this.#anybody ? this.#pace.dueMs() : null);

  /** Looks at all that wait, where it is time to. Rejects with the first failure, after all were looked at; at once where GitHub cannot be asked now. */
  async look(): Promise<void> {
    const all = (await this.#parts.store.notes(WAITING_RUNS)).map(({ body }) => JSON.parse(body) as Kept);
    this.#anybody = all.length > 0;
    if (this.#anybody && this.#pace.dueMs() === 0) await this.#pace.look(() => this.#all(all));
  }

  async #all(all: readonly Kept[]): Promise<void> {
    const look = this.#parts.look();
    this.#toTell = TOLD.atOnce;
    const failures: unknown[] = [];
    const each = async <T>(them: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
      for (const one of them)
        await work(one).catch((error: unknown) => {
          if (isAway(error)) throw error;
          failures.push(error);
        });
    };
    const found = new Map<Known, Judged>();
    const judgeAll = (by: Look, them: readonly Kept[]): Promise<void> =>
      each(them, async (kept) => {
        const known = await this.#known(by, kept);
        if (known !== null) found.set(known, await judge(by, known));
      });
    const those = (is: Judged["is"]): readonly Known[] => [...found].flatMap(([known, judged]) => (judged.is === is ? [known] : []));
    await judgeAll(look, all);
    // Only a look that was begun after it was seen to have ended may say so.
    const doubted = those("ended");
    for (const known of doubted) found.delete(known);
    if (doubted.length > 0) await judgeAll(this.#parts.look(), doubted);
    const answer = (known: Known): Promise<void> => this.#answer(look, known, found.get(known) as Judged);
    await each([...those("there"), ...those("ended")], answer);
    await each(those("waits"), answer);
    if (failures.length > 0) throw failures[0];
  }

  /** What GitHub itself says of the run, asked once an attempt. null: it is dealt with. */
  async #known(look: Look, kept: Kept): Promise<Known | null> {
    if (isKnown(kept) && kept.again === null) return kept;
    const run = await look.forge.workflowRun(kept.run);
    if (run === null || run.conclusion !== null) return await this.#forget(kept);
    if (isKnown(kept) && run.attempt === kept.known.attempt) return await this.#keep({ ...kept, again: null });
    const fresh: Kept = { ...kept, askedAt: kept.again ?? kept.askedAt, again: null, known: null, told: kept.known ? null : kept.told };
    const subject = await look.subject(run, kept);
    if (subject.is === "known") {
      const { waiting, timeoutMs } = subject;
      return await this.#keep({ ...fresh, known: { attempt: run.attempt, head: run.commit, waiting, timeoutMs } });
    }
    const isLate = this.#parts.now() > fresh.askedAt + (subject.is === "unclear" ? subject.timeoutMs : 0);
    if (subject.is === "refused" || isLate) await this.#say(kept, "rejected", `Sluice does not let it pass: ${subject.words}`);
    else await this.#explain(fresh, `Waits: ${subject.words}`);
    return null;
  }

  async #answer(look: Look, kept: Known, { is, words, hint }: Judged): Promise<void> {
    const { waiting, timeoutMs, head, attempt } = kept.known;
    const and = hint === null ? "" : `. ${hint}`;
    if (is === "there") return await this.#say(kept, "approved", words === "" ? saysThere(waiting) : `${saysThere(waiting)}. ${words}`);
    if (is === "ended") return await this.#say(kept, "rejected", saysEnded(waiting, words) + and);
    if (this.#parts.now() > kept.askedAt + timeoutMs) return await this.#say(kept, "rejected", saysLate(waiting, timeoutMs, words) + and);
    const isOpen = ({ id, attempt: its }: WorkflowRun): boolean => id === kept.run && its === attempt;
    const open = (await look.forge.openRuns(head)).some(isOpen);
    const run = open ? null : await look.forge.workflowRun(kept.run);
    if (open || (run !== null && run.conclusion === null && isOpen(run))) await this.#explain(kept, saysWaits(waiting, words) + and);
    else await this.#forget(kept);
  }

  async #say(kept: Kept, is: "approved" | "rejected", comment: string): Promise<void> {
    await this.#parts.server.passGate(kept.run, kept.environment, is, comment);
    this.#parts.log(is === "approved" ? "info" : "warn", `a workflow run that waited is ${is}: ${comment}`, { run: kept.run });
    await this.#forget(kept);
  }

  /** Once, and where it waits for something else by now, so that who looks at the run knows. */
  async #explain(kept: Kept, words: string): Promise<void> {
    const at = this.#parts.now();
    const { told } = kept;
    const isNews = told === null || (told.words !== words && told.times < TOLD.most && at - told.at >= TOLD.everyMs);
    if (!isNews || this.#toTell <= 0) return;
    this.#toTell -= 1;
    await this.#parts.server.explainGate(kept.run, kept.environment, words);
    await this.#keep({ ...kept, told: { words, at, times: (told?.times ?? 0) + 1 } });
  }

  async #keep<T extends Kept>(kept: T): Promise<T> {
    await this.#parts.store.setNotes({ [keyOf(kept)]: JSON.stringify(kept) });
    return kept;
  }

  async #forget(kept: Kept): Promise<null> {
    await this.#parts.store.setNotes({ [keyOf(kept)]: null });
    return null;
  }
}

/** What cannot be read or is refused proves nothing: it waits, and says so. */
async function judge(look: Look, { known: { waiting } }: Known): Promise<Judged> {
  try {
    return await judgeNeeds(look, waiting);
  } catch (error) {
    if (error instanceof RecordError) return { is: "waits", words: error.message, hint: null };
    if (error instanceof ForgeError && !isAway(error)) return { is: "waits", words: error.message, hint: error.hint };
    throw error;
  }
}

/** GitHub does not answer, or not so soon: nobody's wait is looked at before it does. */
const isAway = (error: unknown): boolean => error instanceof ForgeError && (error.code === "unavailable" || error.code === "limited");
const isKnown = (kept: Kept): kept is Known => kept.known !== null;
const keyOf = ({ run, environment }: Pick<Kept, "run" | "environment">): string => `${WAITING_RUNS}${run}/${environment}`;
