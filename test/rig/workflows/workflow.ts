import type { Job, ReusableWorkflowJob, WorkflowTemplate } from "@actions/workflow-parser/model/workflow-template";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow, policy, type Context } from "./actions.ts";

/** Workflow files by their paths from the repository's root. */
export type Files = ReadonlyMap<string, string>;

export type Parsed = {
  readonly path: string;
  readonly events: WorkflowTemplate["events"];
  readonly jobs: ReadonlyMap<string, Job | ReusableWorkflowJob>;
  /** Above each job, all that it needs, and they, and so on. */
  readonly ancestors: ReadonlyMap<string, ReadonlySet<string>>;
};

const known = new Map<string, Promise<Parsed>>();

/** A workflow as GitHub's own parser has it. Rejects with everything that it finds wrong. */
export function parse(files: Files, path: string): Promise<Parsed> {
  const text = files.get(path);
  if (text === undefined) return Promise.reject(new Error(`there is no workflow ${path}`));
  const key = `${path}\n${text}`;
  const parsed = known.get(key) ?? parseText(path, text);
  known.set(key, parsed);
  return parsed;
}

async function parseText(path: string, text: string): Promise<Parsed> {
  const { context, value } = parseWorkflow({ name: path, content: text }, new NoOperationTraceWriter());
  if (value === undefined) throw new Error(`${path}: not a workflow`);
  const template = await convertWorkflowTemplate(context, value, undefined, policy);
  const errors = context.errors.getErrors().map(({ message }) => message);
  if (errors.length > 0) throw new Error(errors.join("\n"));
  const jobs = new Map(template.jobs.map((job) => [job.id.value, job]));
  const ancestors = new Map([...jobs.keys()].map((id) => [id, new Set(above(id))] as const));
  return { path, events: template.events, jobs, ancestors };

  function above(id: string): string[] {
    return (jobs.get(id)?.needs ?? []).flatMap(({ value: need }) => [need, ...above(need)]);
  }
}

type Input = { readonly required?: boolean; readonly options?: string[]; readonly default?: unknown };

/** The inputs of an event with their defaults. Throws for those that GitHub would refuse. */
export function inputsOf({ path, events }: Parsed, event: string, given: Context): Context {
  const config = events[event];
  if (config === undefined) throw new Error(`${path}: is not started by ${event}`);
  if (event !== "workflow_dispatch" && event !== "workflow_call") return {};
  const declared = (config as { inputs?: Record<string, Input> }).inputs ?? {};
  if (event === "workflow_dispatch" && Object.keys(declared).length > 25) throw new Error(`${path}: more than 25 inputs`);
  for (const name of Object.keys(given)) if (!(name in declared)) throw new Error(`${path}: there is no input ${name}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, { required, options, default: standard }]) => {
      const value = given[name] ?? literal(standard);
      if (required === true && (value === "" || given[name] === undefined)) throw new Error(`${path}: the input ${name} is missing`);
      if (options !== undefined && !options.includes(String(value)))
        throw new Error(`${path}: ${name} is none of its choices: ${String(value)}`);
      return [name, value];
    }),
  );
}

const literal = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "value" in value ? value.value : (value ?? "");

/** Names of secrets that a called workflow declares. */
export const declaredSecrets = ({ events }: Parsed): readonly string[] => Object.keys(events.workflow_call?.secrets ?? {});

/** GitHub makes at most as many jobs of a matrix, and fails one that is empty. */
const MOST_LEGS = 256;

/** The combinations of a matrix; one without values where there is none. Throws where GitHub would fail the job. */
export function legsOf(strategy: unknown): readonly Context[] {
  const matrix = (strategy as { matrix?: unknown } | undefined)?.matrix;
  if (matrix === undefined) return [{}];
  const axes = Object.entries(matrix as Record<string, unknown>);
  let legs: Context[] = [{}];
  for (const [axis, values] of axes) {
    if (axis === "include" || axis === "exclude" || !Array.isArray(values)) throw new Error(`matrix: ${axis} is no list of values`);
    legs = legs.flatMap((leg) => values.map((value: unknown) => ({ ...leg, [axis]: value })));
  }
  if (legs.length === 0) throw new Error("matrix: empty");
  if (legs.length > MOST_LEGS) throw new Error(`matrix: ${legs.length} legs`);
  return legs;
}

export type { Job, ReusableWorkflowJob };
