import { evaluate, isTrue, resolve, textOf, texts, type Context } from "./actions.ts";
import { Locks } from "./locks.ts";
import {
  contextOf,
  forget,
  lockOf,
  outcome,
  scope,
  statusOf,
  unit,
  unitsIn,
  type Names,
  type Result,
  type Run,
  type Scope,
  type Unit,
} from "./run.ts";
import { declaredSecrets, inputsOf, legsOf, parse, type Files, type Job, type ReusableWorkflowJob } from "./workflow.ts";

/** A command that a job runs, as its shell would be given it. */
export type Command = {
  readonly job: Unit;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
};
export type World = {
  /** Carries a command out. */
  command(command: Command): Promise<Ended> | Ended;
  /** What a person says at a gate; `wait`: nothing yet, so that it is asked again. Without it every gate opens. */
  gate?(unit: Unit): "approve" | "reject" | "wait";
  /** What an App's rule says of a job that it holds. Without it none is held, as where nobody has made the environment. */
  rule?(unit: Unit): "approve" | "reject" | "wait";
  /** Whether a job would end by now, were it started; `false` while its command would wait. Without it every one does. */
  ends?(unit: Unit): boolean;
  /** Whether GitHub cancels a job that asks for this lock, since as many wait for it already as it keeps. */
  crowded?(lock: string): boolean;
  /** Which of those that could go on is next; the first unless said. */
  choose?(ready: readonly Unit[]): Unit | undefined;
  readonly secrets?: { readonly repository?: Names; readonly environments?: Readonly<Record<string, Names>> };
};
export type Ended = { readonly ok: boolean; readonly outputs?: Readonly<Record<string, string>> };

/** GitHub allows so many workflows one in the other, and so many different ones in a run. */
const LIMITS = { depth: 10, called: 50 };

/** Runs of workflows as GitHub would bring them forward, one job at a time, with locks over all of them. What jobs do is the world's. */
export class Simulation {
  /** Jobs that ran, in the order in which they ended. */
  readonly done: Unit[] = [];
  readonly runs: Run[] = [];
  readonly #files: Files;
  readonly #world: World;
  readonly #locks = new Locks();
  readonly #rejected = new Set<Unit>();

  constructor(files: Files, world: World) {
    this.#files = files;
    this.#world = world;
  }

  async start(path: string, event: "push" | "workflow_dispatch", inputs: Context = {}, github: Context = {}): Promise<Run> {
    const parsed = await parse(this.#files, path);
    const title = path.replace(/^.*\/|\.yml$/g, "");
    const context = { event_name: event, sha: "0".repeat(40), run_id: String(this.runs.length + 1), token: "token", ...github };
    const root = scope(parsed, title, inputsOf(parsed, event, inputs), this.#world.secrets?.repository ?? {}, 1);
    const run: Run = { title, github: context, root, cancelled: false, result: null, called: new Set() };
    this.runs.push(run);
    return run;
  }

  /** As "Re-run failed jobs": these and what needs them run again, with the outputs that the others have left. */
  rerunFailed(run: Run): void {
    if (run.result === null) throw new Error(`${run.title} has not ended`);
    run.result = null;
    run.cancelled = false;
    forget(run.root);
  }

  /** Until nothing can go on any more: every run has ended, or waits for people. Rejects where a run is stuck. */
  async settle(): Promise<void> {
    for (;;) {
      for (const run of this.runs) if (run.result === null) await this.#advance(run, run.root);
      const ready = this.#ready();
      const next = this.#world.choose?.(ready) ?? ready[0];
      if (next !== undefined) {
        await this.#perform(next);
        continue;
      }
      const open = this.runs.filter(({ result }) => result === null);
      const waits = open.flatMap((run) => unitsIn(run.root)).filter(({ state }) => state === "waiting");
      if (waits.some((unit) => this.#locks.mayHave(unit, unit.lock))) return;
      if (open.length > 0)
        throw new Error(`stuck: ${waits.map(({ title, lock }) => `${title} waits for ${lock}`).join(", ")} ${this.#locks.toString()}`);
      return;
    }
  }

  /** Units that hold what they need but a runner; what waits at a gate, or is held by a rule, is not among them. */
  #ready(): Unit[] {
    const waiting = this.runs.filter(({ result }) => result === null).flatMap((run) => unitsIn(run.root));
    return waiting.filter(
      (unit) =>
        unit.state === "waiting" && this.#locks.mayHave(unit, unit.lock) && this.#opened(unit) && (this.#world.ends?.(unit) ?? true),
    );
  }

  #opened(unit: Unit): boolean {
    const asked = unit.environment?.endsWith("-approval") ? "gate" : unit.environment?.endsWith("-needs") ? "rule" : null;
    const said = (asked && this.#world[asked]?.(unit)) ?? "approve";
    if (said === "reject") this.#rejected.add(unit);
    return said !== "wait";
  }

  /** Starts jobs whose needs have ended, and ends those whose parts have. */
  async #advance(run: Run, at: Scope): Promise<void> {
    for (let moved = true; moved;) {
      moved = false;
      for (const [id, job] of at.parsed.jobs) {
        if (at.results.has(id)) continue;
        const open = at.open.get(id);
        if (open === undefined) {
          if (!(job.needs ?? []).every(({ value }) => at.results.has(value))) continue;
          await this.#open(run, at, id, job);
          moved = true;
        } else if (await this.#close(run, at, id, open)) moved = true;
      }
    }
    if (at === run.root && at.results.size === at.parsed.jobs.size)
      run.result = outcome([...at.results.values()].map(({ result }) => result));
  }

  async #open(run: Run, at: Scope, id: string, job: Job | ReusableWorkflowJob): Promise<void> {
    const end = (result: Result): void => void at.results.set(id, { result, outputs: {} });
    const context = contextOf(run, at, job);
    const status = statusOf(run, at, id);
    try {
      if (!isTrue(evaluate(job.if.expression, context, status))) return end("skipped");
      const units = legsOf(resolve(job.strategy, context)).map((matrix) => unit(run, at, id, job, { ...context, matrix }));
      if (job.type === "job") {
        for (const one of units) this.#locks.queue(one, one.lock);
        at.open.set(id, { units, called: null, lock: null });
      } else {
        const lock = lockOf(job, context);
        const called = at.calls.get(id) ?? (await this.#call(run, at, id, job, context));
        at.calls.set(id, called);
        this.#locks.queue(called, lock);
        at.open.set(id, { units: [], called, lock });
      }
    } catch (error) {
      if (!(error instanceof Error) || error.message.startsWith("limit:")) throw error;
      // As GitHub: a job whose expressions cannot be evaluated has failed.
      end("failure");
    }
  }

  async #call(run: Run, at: Scope, id: string, job: ReusableWorkflowJob, context: Context): Promise<Scope> {
    const parsed = await parse(this.#files, job.ref.value.replace(/^\.\//, ""));
    run.called.add(parsed.path);
    if (at.depth >= LIMITS.depth || run.called.size > LIMITS.called) throw new Error(`limit: ${id} calls too deep or too many`);
    const given = texts(job["secret-values"], { ...context, secrets: at.secrets });
    for (const name of Object.keys(given))
      if (!declaredSecrets(parsed).includes(name)) throw new Error(`limit: ${id} passes the secret ${name}`);
    const inputs = inputsOf(parsed, "workflow_call", resolve(job["input-values"], context) as Context);
    return scope(parsed, `${at.title} / ${id}`, inputs, job["inherit-secrets"] === true ? at.secrets : given, at.depth + 1);
  }

  /** Whether the job has ended by that. */
  async #close(run: Run, at: Scope, id: string, { units, called, lock }: NonNullable<ReturnType<Scope["open"]["get"]>>): Promise<boolean> {
    if (called !== null) {
      if (!this.#locks.mayHave(called, lock)) return false;
      await this.#advance(run, called);
      if (called.results.size < called.parsed.jobs.size) return false;
      this.#locks.leave(called, lock);
    } else if (units.some(({ state }) => state !== "done")) return false;
    const parts =
      called === null ? units.map(({ result }) => result ?? "failure") : [...called.results.values()].map(({ result }) => result);
    // Later legs of a matrix write over the outputs of earlier ones.
    at.results.set(id, { result: outcome(parts), outputs: Object.assign({}, ...units.map(({ outputs }) => outputs)) as Names });
    at.open.delete(id);
    return true;
  }

  async #perform(unit: Unit): Promise<void> {
    const job = unit.scope.parsed.jobs.get(unit.id);
    if (job?.type !== "job") throw new Error(`${unit.title} has no steps`);
    // Who cancels a run cancels what would not run in a cancelled one.
    const cancelled =
      unit.run.cancelled &&
      !isTrue(evaluate(job.if.expression, contextOf(unit.run, unit.scope, job), statusOf(unit.run, unit.scope, unit.id)));
    const crowded = unit.lock !== null && this.#world.crowded?.(unit.lock) === true;
    unit.result = cancelled || crowded ? "cancelled" : this.#rejected.has(unit) ? "failure" : "success";
    if (unit.result === "success") await this.#steps(unit, job);
    unit.state = "done";
    this.#locks.leave(unit, unit.lock);
    this.done.push(unit);
  }

  async #steps(unit: Unit, job: Job): Promise<void> {
    const steps: Record<string, { outputs: Names }> = {};
    const own = unit.environment === null ? {} : (this.#world.secrets?.environments?.[unit.environment] ?? {});
    const secrets = { ...unit.scope.secrets, ...own };
    const context = { ...contextOf(unit.run, unit.scope, job), matrix: unit.matrix, secrets, steps };
    const failed = (): boolean => unit.result !== "success";
    for (const step of job.steps) {
      if (!("run" in step)) continue;
      const status = { success: () => !failed(), failure: failed, always: () => true, cancelled: () => false };
      if (!isTrue(evaluate(step.if.expression, context, status))) continue;
      const run = textOf(resolve(step.run, context));
      const { ok, outputs = {} } = await this.#world.command({ job: unit, run, env: texts(step.env, context) });
      steps[step.id] = { outputs };
      if (!ok) unit.result = "failure";
    }
    unit.outputs = texts(job.outputs, context);
  }
}
