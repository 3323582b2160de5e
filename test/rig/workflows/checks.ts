import { parse as parseYaml } from "yaml";
import { evaluate, isTrue, type Context } from "./actions.ts";
import { fileProblems, type Plain, type PlainJob } from "./file-checks.ts";
import { parse, type Files, type Parsed } from "./workflow.ts";

export type Guards = {
  /** Environments that nobody may reach past a gate, with the gate's environment. */
  readonly gates: ReadonlyMap<string, string>;
  /** Whether waits are held by a rule of an environment, or by nothing. */
  readonly held: boolean;
};

/** What no linter sees, one line each: ways around a gate, permissions that a called workflow asks for in vain, locks inside themselves; and the rules of our own files. */
export async function problemsIn(files: Files, guards: Guards): Promise<readonly string[]> {
  const plain = new Map([...files].map(([path, text]) => [path, parseYaml(text) as Plain]));
  const found = new Set([...files].flatMap(([path, text]) => fileProblems(path, text, plain.get(path) ?? {}, guards.held)));
  for (const [path, { on = {} }] of plain) {
    if (Object.keys(on).every((event) => event === "workflow_call")) continue;
    // Each of its choices leads elsewhere.
    const choices = on.workflow_dispatch?.inputs?.["environment"]?.options ?? [""];
    for (const environment of choices) {
      const walk = new Walk(files, plain, guards, found);
      await walk.workflow(path, { inputs: { environment }, permissions: null, gated: false, locks: [], trail: [] });
    }
  }
  return [...found];
}

type From = {
  readonly inputs: Context;
  /** What the caller gives; null: nobody called. */
  readonly permissions: Readonly<Record<string, string>> | null;
  readonly gated: boolean;
  readonly locks: readonly string[];
  readonly trail: readonly string[];
};

const RANK: Readonly<Record<string, number>> = { none: 0, read: 1, write: 2 };
const MOST_CALLED = 50;
const MOST_DEEP = 10;

/** Everything that one start of a workflow can reach. */
class Walk {
  readonly #files: Files;
  readonly #plain: ReadonlyMap<string, Plain>;
  readonly #guards: Guards;
  readonly #found: Set<string>;
  readonly #called = new Set<string>();

  constructor(files: Files, plain: ReadonlyMap<string, Plain>, guards: Guards, found: Set<string>) {
    this.#files = files;
    this.#plain = plain;
    this.#guards = guards;
    this.#found = found;
  }

  async workflow(path: string, from: From): Promise<void> {
    const parsed = await parse(this.#files, path);
    const { jobs = {}, concurrency } = this.#plain.get(path) ?? {};
    const trail = [...from.trail, path.replace(/^.*\//, "")];
    const locks = this.#take(concurrency?.group, from, trail.join(" > "));
    for (const [id, job] of Object.entries(jobs)) await this.#job(parsed, id, job, { ...from, locks, trail });
  }

  async #job(parsed: Parsed, id: string, job: PlainJob, from: From): Promise<void> {
    const where = `${from.trail.join(" > ")}: ${id}`;
    for (const [scope, level] of Object.entries(job.permissions ?? {})) {
      const given = from.permissions?.[scope] ?? (from.permissions === null ? "write" : "none");
      if ((RANK[level] ?? 0) > (RANK[given] ?? 0))
        this.#found.add(`permissions: ${where} asks for ${scope}: ${level}, its caller gives ${given}`);
    }
    const locks = this.#take(job.concurrency?.group, from, where);
    const environment = fill(job.environment ?? job.with?.["environment"], from.inputs);
    const gate = environment === null ? undefined : this.#guards.gates.get(environment);
    const gated = from.gated || (gate !== undefined && holds(parsed, this.#plain.get(parsed.path)?.jobs ?? {}, id, gate, from.inputs));
    if (gate !== undefined && !gated && job.uses === undefined) this.#found.add(`gate: ${where} reaches ${environment} without ${gate}`);
    if (job.uses === undefined) return;
    const callee = job.uses.replace(/^\.\//, "");
    this.#called.add(callee);
    if (this.#called.size > MOST_CALLED || from.trail.length >= MOST_DEEP) this.#found.add(`limits: ${where} calls too many or too deep`);
    const inputs = Object.fromEntries(Object.entries(job.with ?? {}).map(([name, value]) => [name, fill(value, from.inputs) ?? value]));
    await this.workflow(callee, { inputs, permissions: job.permissions ?? {}, gated, locks, trail: from.trail });
  }

  #take(group: string | undefined, from: From, where: string): readonly string[] {
    if (group === undefined) return from.locks;
    const name = fill(group, from.inputs) ?? group;
    if (from.locks.includes(name)) this.#found.add(`lock: ${where} takes ${name}, which it holds already`);
    return [...from.locks, name];
  }
}

/** A text with the inputs that are known filled in; null: there is none. */
function fill(value: unknown, inputs: Context): string | null {
  if (typeof value !== "string") return null;
  return value.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (whole, name: string) =>
    typeof inputs[name] === "string" ? inputs[name] : whole,
  );
}

/** Whether a job runs only after its gate: its condition is asked, by GitHub's own evaluator, for each way in which a gate does not open. */
function holds(parsed: Parsed, jobs: Readonly<Record<string, PlainJob>>, id: string, gate: string, inputs: Context): boolean {
  const condition = parsed.jobs.get(id)?.if.expression ?? "";
  const above = [...(parsed.ancestors.get(id) ?? [])];
  const gates = above.filter((other) => fill(jobs[other]?.environment, inputs) === gate);
  return gates.some((one) => (["failure", "cancelled", "skipped"] as const).every((result) => !runs(result, one)));

  /** The rest is as inviting as can be: everything else has gone well, there is something to do, and the gate is needed. */
  function runs(result: string, one: string): boolean {
    const some = { n: Array<number>(20).fill(1) };
    const waves = JSON.stringify({ ...some, ...Object.fromEntries(environmentsIn(condition).map((name) => [name, some])) });
    const outputs = { gate: "true", waves, artifacts: "[]", commit: "c", direction: "deploy", to: "" };
    const needs = Object.fromEntries(above.map((other) => [other, { result: other === one ? result : "success", outputs }]));
    const status = {
      success: () => false,
      failure: () => result === "failure",
      always: () => true,
      cancelled: () => false,
    };
    return isTrue(evaluate(condition, { needs, inputs, github: {}, vars: {} }, status));
  }
}

const environmentsIn = (condition: string): readonly string[] =>
  [...condition.matchAll(/\['([^']+)'\]/g)].flatMap(([, name]) => name ?? []);
