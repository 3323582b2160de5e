import type { Schemas } from "../../contract/client.ts";

export type RunDetail = Schemas["RunDetail"];
export type Step = Schemas["Step"];
export type StreamEvent = Schemas["StreamEvent"];

/** A step that is not as it was: another status, or another reason to wait. */
export type StepChange = { readonly at: string; readonly step: Step; readonly before: Schemas["StepStatus"] };

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "errored", "blocked", "skipped", "superseded", "cancelled"]);
export const hasEnded = (thing: { readonly status: string }): boolean => ENDED.has(thing.status);

/** Waits that a person ends, or the end of a window: nothing goes on by itself soon. */
export const FOR_A_PERSON: ReadonlySet<string> = new Set(["approval", "hold", "lock", "freeze"]);
/** Waits that end when another step of the run does. */
const BEHIND: ReadonlySet<string> = new Set(["step", "wave", "promotion", "need"]);

/** One run as the API tells it, kept up to date by the stream of events. */
export class RunView {
  #run: RunDetail;
  #steps: Map<string, Step>;

  constructor(run: RunDetail) {
    this.#run = run;
    this.#steps = new Map(run.steps.map((step) => [step.id, step]));
  }

  get run(): RunDetail {
    return { ...this.#run, steps: [...this.#steps.values()] };
  }
  get steps(): readonly Step[] {
    return [...this.#steps.values()];
  }
  get status(): Schemas["RunStatus"] {
    return this.#run.status;
  }
  get ended(): boolean {
    return hasEnded(this.#run);
  }

  /**
   * Whether nothing of it goes on before a person has decided: what does not wait for a person waits for something that does.
   * A wait that ends by itself at some time is no such.
   */
  get atGate(): boolean {
    if (this.status !== "waiting") return false;
    const waits = this.steps.flatMap((step) => (step.status === "waiting" && step.waitingFor ? [step.waitingFor] : []));
    return (
      waits.some((wait) => FOR_A_PERSON.has(wait.code)) &&
      waits.every((wait) => (FOR_A_PERSON.has(wait.code) || BEHIND.has(wait.code)) && wait.until === undefined)
    );
  }

  /** The run as it was fetched anew. */
  replace(run: RunDetail, at: string): readonly StepChange[] {
    const before = this.#steps;
    this.#run = run;
    this.#steps = new Map(run.steps.map((step) => [step.id, step]));
    return run.steps.flatMap((step) => {
      const old = before.get(step.id);
      return old && differs(old, step) ? [{ at, step, before: old.status }] : [];
    });
  }

  /** What an event says of this run. An event may tell what a later fetch knew better: a step never goes back to before its last start. */
  apply(event: StreamEvent): readonly StepChange[] {
    const changes: StepChange[] = [];
    for (const change of event.changes) {
      if (change.table === "run" && change.row.id === this.#run.id) {
        if (!this.ended) this.#run = { ...change.row, steps: this.#run.steps };
      } else if (change.table === "step" && change.row.run === this.#run.id) {
        const applied = this.#applyStep(change.row, event.at);
        if (applied) changes.push(applied);
      } else if (change.table === "attempt") {
        // of this run, or of another whose attempt steps of this one have joined
        const { run, step, joined } = change.row;
        for (const one of [{ run, step }, ...joined]) if (one.run === this.#run.id) this.#applyAttempt(one.step, change.row);
      }
    }
    return changes;
  }

  #applyStep(row: Schemas["StepPatch"], at: string): StepChange | null {
    const old = this.#steps.get(row.id);
    if (!old || isOlder(row, old)) return null;
    const { run: _run, ...fields } = row;
    const step: Step = { ...fields, needs: old.needs, attempts: old.attempts };
    this.#steps.set(row.id, step);
    return differs(old, step) ? { at, step, before: old.status } : null;
  }

  #applyAttempt(id: string, row: Schemas["Attempt"] & { readonly run: string; readonly step: string }): void {
    const { run: _run, step: _step, ...attempt } = row;
    const step = this.#steps.get(id);
    if (!step) return;
    const known = step.attempts.find((one) => one.id === attempt.id);
    if (known?.endedAt != null && attempt.endedAt === null) return;
    const attempts = known ? step.attempts.map((one) => (one === known ? attempt : one)) : [...step.attempts, attempt];
    this.#steps.set(id, { ...step, attempts });
  }
}

function isOlder(row: Schemas["StepPatch"], known: Step): boolean {
  const [started, knownStart] = [row.startedAt ?? "", known.startedAt ?? ""];
  if (started < knownStart) return true;
  return started === knownStart && hasEnded(known) && !hasEnded(row);
}

const differs = (a: Step, b: Step): boolean =>
  a.status !== b.status || a.waitingFor?.code !== b.waitingFor?.code || a.waitingFor?.message !== b.waitingFor?.message;
