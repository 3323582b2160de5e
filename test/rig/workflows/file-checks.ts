/** A workflow as YAML has it. */
export type Plain = {
  readonly on?: Readonly<Record<string, { readonly inputs?: Readonly<Record<string, { readonly options?: readonly string[] }>> } | null>>;
  readonly permissions?: unknown;
  readonly concurrency?: Lock;
  readonly env?: unknown;
  readonly jobs?: Readonly<Record<string, PlainJob>>;
};
export type PlainJob = {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly secrets?: unknown;
  readonly environment?: unknown;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: Lock;
  readonly strategy?: { readonly "fail-fast"?: boolean; readonly matrix?: unknown };
  readonly steps?: readonly PlainStep[];
};
type PlainStep = {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
};
type Lock = { readonly group?: string; readonly queue?: string; readonly "cancel-in-progress"?: unknown };

const EVENTS = new Set(["push", "workflow_dispatch", "workflow_call"]);
const MOST_BYTES = 500_000;
const MOST_INPUTS = 25;
/** What the commands ask GitHub for. A way back by hand begins in `resolve`, which holds the environment by a record, and what was built is one. */
const LOOKS = { actions: "read", contents: "read", deployments: "read" };
const WRITES = { ...LOOKS, deployments: "write" };
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plan: LOOKS,
  build: WRITES,
  resolve: WRITES,
  wait: LOOKS,
  gate: { actions: "read", contents: "read" },
  deploy: WRITES,
  rollback: WRITES,
  approvals: LOOKS,
  report: LOOKS,
};
const JOB_ID = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** What is wrong in one file by itself, one line each. */
export function fileProblems(path: string, text: string, workflow: Plain, held: boolean): readonly string[] {
  const found: string[] = [];
  const name = path.replace(/^.*\//, "");
  const say = (check: string, message: string): void => void found.push(`${check}: ${name}: ${message}`);
  if (Buffer.byteLength(text) > MOST_BYTES) say("limits", "is too large");
  for (const [event, config] of Object.entries(workflow.on ?? {})) {
    if (!EVENTS.has(event)) say("events", `is started by ${event}`);
    if (Object.keys(config?.inputs ?? {}).length > MOST_INPUTS) say("limits", "has too many inputs");
  }
  if (JSON.stringify(workflow.permissions) !== "{}") say("permissions", "gives permissions to every job");
  if (workflow.env !== undefined) say("secrets", "gives variables to every job");
  for (const line of text.split("\n")) {
    const [, action] = /^\s*(?:- )?uses: (?!\.\/)(.*)$/.exec(line) ?? [];
    const ours = action?.startsWith("actions/checkout@") === true;
    if (action !== undefined && !(ours ? /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/ : /^[\w./-]+@[0-9a-f]{40}$/).test(action))
      say("pins", `${action} is not pinned to a commit with its version`);
  }
  for (const [id, job] of Object.entries(workflow.jobs ?? {}))
    jobProblems(id, job, held, (check, message) => say(check, `${id}: ${message}`));
  return found;
}

function jobProblems(id: string, job: PlainJob, held: boolean, say: (check: string, message: string) => void): void {
  if (!JOB_ID.test(id)) say("names", "is no id of a job");
  if (job.permissions === undefined) say("permissions", "asks for none itself");
  if (job.strategy?.matrix !== undefined && job.strategy["fail-fast"] !== false) say("matrix", "one failed leg ends the others");
  if (job.concurrency !== undefined && (job.concurrency.queue !== "max" || job.concurrency["cancel-in-progress"] !== undefined))
    say("lock", "does not queue");
  if (job.secrets === "inherit") say("secrets", "passes all of them on");
  const runs = job.steps?.map(({ run = "" }) => run).join("\n") ?? "";
  const [, command = ""] = / ci (\w+)/.exec(runs) ?? [];
  for (const [scope, level] of Object.entries(RIGHTS[command] ?? {}))
    if (job.permissions?.[scope] !== level) say("permissions", `sluice ci ${command} needs ${scope}: ${level}`);
  if (command === "deploy") {
    if (job.environment === undefined) say("environment", "deploys outside of any environment");
    if (!job.concurrency?.group?.startsWith("sluice/target/")) say("lock", "deploys without the lock of its target");
  }
  if (command === "build" && !job.concurrency?.group?.startsWith("sluice/build/")) say("lock", "builds without the lock of the commit");
  if (typeof job.environment === "string" && job.environment.endsWith("-approval") && command !== "gate")
    say("gate", "does not verify its approval");
  if (command === "gate" && `${job.name}-approval` !== `Gate of ${String(job.environment)}`) say("gate", "is not known by its name");
  if (job.environment === undefined && /\bsecrets\b/.test(JSON.stringify(job.steps ?? [])))
    say("secrets", "sees secrets outside of any environment");
  const own = (job.steps ?? []).filter(isOwn);
  if (!SETUPS.has(command) && own.length > 0) say("setup", "has steps of the project's own");
  if (!SETUPS.has(command) && job.permissions?.["id-token"] !== undefined && job.uses === undefined)
    say("permissions", "may ask for an identity");
  if (command === "gate" && /\bsecrets\b/.test(JSON.stringify(job.steps))) say("secrets", "are seen at the gate");
  if (command === "wait") {
    const [, environment = ""] = / --env (\S+)/.exec(runs) ?? [];
    if (job.environment !== (held ? `${environment}-needs` : undefined))
      say("rule", held ? `is not held by the rule of ${environment}-needs` : "is in an environment");
  }
  if (typeof job.environment === "string" && job.environment.endsWith("-needs")) {
    if (command !== "wait") say("rule", "does not verify what the rule says");
    if (/\bsecrets\b/.test(JSON.stringify(job.steps ?? []))) say("secrets", "sees secrets where nobody approves");
  }
  for (const step of job.steps ?? []) stepProblems(step, say);
}

/** What builds or looks for artifacts, and what deploys. */
const SETUPS = new Set(["build", "resolve", "rollback", "deploy"]);
const isOwn = ({ name, uses, run }: PlainStep): boolean =>
  uses?.startsWith("actions/checkout@") !== true &&
  name !== "Install" &&
  !/ ci \w+/.test(run ?? "") &&
  name !== "Refuse where a gate is missing";

function stepProblems(step: PlainStep, say: (check: string, message: string) => void): void {
  if (step.run?.includes("${{") === true) say("injection", "pastes an expression into a command");
  if (step.uses?.startsWith("actions/checkout@") !== true) return;
  if (step.with?.["persist-credentials"] !== false) say("checkout", "leaves its token on the disk");
  if (step.with?.["fetch-depth"] !== 0) say("checkout", "has no history");
  if (step.with?.["ref"] !== undefined) say("checkout", "runs what another commit holds");
}
