import { explain, shortCommit } from "../../contract/explain.ts";
import type { EnvironmentId, TargetId } from "../../core/config/config.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { RunRow, StepRow } from "../../core/run/rows.ts";
import type { Check } from "./forge.ts";
import { code, codes, fit, lines, list, type Section, table } from "./markdown.ts";

/** A gate that waits for people. */
export type WaitingGate = {
  readonly run: string;
  readonly environment: EnvironmentId;
  readonly approvers: readonly string[];
  readonly approved: readonly { readonly by: string }[];
  readonly count: number;
};
type Told = { readonly run: RunRow; readonly plan: Plan; readonly steps: readonly StepRow[]; readonly gates: readonly WaitingGate[] };

/** Of a summary, as GitHub has it. */
const LONGEST = 65_535;
/** Of targets that are named for one reason. */
const NAMED = 8;

/**
 * What has ended, as a rule of a branch on GitHub takes it: success and neutral let a commit pass, all else does not. Superseded is neutral, since nothing of the commit was refused.
 * What waits for people has not ended: `action_required` would be an end, and everybody who waits for this check would be told that it has failed.
 */
const ENDS: Readonly<Partial<Record<RunRow["status"], NonNullable<Check["conclusion"]>>>> = {
  succeeded: "success",
  failed: "failure",
  cancelled: "cancelled",
  superseded: "neutral",
};
const BUSY = { deploy: "deploys", verify: "is verified", soak: "soaks" } as const;

/** How the run stands: what of its plan is done, what waits for whom, what has failed. Nothing in it says when it was written, so the same is the same text. */
export function checkOf(told: Told): Omit<Check, "url"> {
  const { run, plan } = told;
  const conclusion = ENDS[run.status] ?? null;
  const sections = [
    lines(`Run ${code(run.id)} of ${code(shortCommit(run.commit))} by ${code(run.by)}: **${run.status}**.`, ""),
    lines(...gatesOf(told)),
    matrix(told),
    ...reasonsOf(told),
    list(plan.notes.map(code), "notes"),
  ];
  return { title: titleOf(told), summary: fit(sections, LONGEST), conclusion };
}

function titleOf({ run, plan, gates }: Told): string {
  const services = new Set(Object.values(plan.members).map(({ service }) => service)).size;
  const what = `${services} ${services === 1 ? "service" : "services"} in ${Object.keys(plan.environments).join(", ")}`;
  const waits = gates.map(({ environment }) => environment).join(", ");
  const state = waits === "" || ENDS[run.status] ? run.status : `waits for approval in ${waits}`;
  return `${what}: ${state}`.slice(0, 200);
}

/** Who may decide at each gate, and what opens it. */
function gatesOf({ run, plan, gates, steps }: Told): readonly string[] {
  const said = Object.values(plan.environments).flatMap(({ id, approval, approvers }) => {
    const step = steps.find((each) => each.id === `gate:${id}`);
    if (!approval || !step) return [];
    const waiting = gates.find(({ environment }) => environment === id);
    const who = approvers.length === 0 ? "anyone who may deploy there" : codes(approvers);
    if (!waiting) return [`- Gate of ${code(id)}: ${step.status}; ${approval.count} of ${who} decide.`];
    const so = waiting.approved.length === 0 ? "nobody has yet" : `${codes(waiting.approved.map(({ by }) => by))} did`;
    const how = code(`sluice approve ${shortCommit(run.commit)} --env ${id}`);
    return [`- **Gate of ${code(id)} waits for a decision**: ${approval.count} of ${who} must approve, ${so}: ${how}`];
  });
  return said.length === 0 ? [] : [...said, ""];
}

function matrix({ plan, steps }: Told): Section {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const environments = Object.keys(plan.environments);
  const services = [...new Set(Object.values(plan.members).map(({ service }) => service))];
  const cell = (target: TargetId): string => (plan.members[target] ? standing(target, byId) : "–");
  return table(
    ["Service", ...environments.map(code)],
    services.map((service) => [code(service), ...environments.map((environment) => cell(`${service}@${environment}`))]),
    "services",
  );
}

/** By the first of a target's steps that has not succeeded. */
function standing(target: TargetId, steps: ReadonlyMap<string, StepRow>): string {
  for (const kind of ["deploy", "verify", "soak"] as const) {
    const step = steps.get(`${kind}:${target}`);
    if (!step || step.status === "succeeded") continue;
    if (step.status === "running") return BUSY[kind];
    if (step.status === "pending" || step.status === "waiting") return kind === "deploy" ? "waits" : `${kind} waits`;
    if (step.status === "skipped" && step.reason?.code === "already-live") return "already live";
    return step.status === "failed" || step.status === "errored" ? `**${kind} ${step.status}**` : step.status;
  }
  return "good";
}

/** Why steps have not come to a good end, those with the same reason together: first what has failed. */
function reasonsOf({ run, steps }: Told): readonly Section[] {
  const about = (statuses: readonly StepRow["status"][], title: string): readonly Section[] => {
    const meant = steps.filter(({ status, reason }) => statuses.includes(status) && reason !== null && reason.code !== "step");
    const groups = Map.groupBy(meant, (step) => {
      const [, target] = step.id.split(":");
      return step.reason ? explain(step.reason, { run: run.id, kind: run.kind, commit: run.commit, target }).message : "";
    });
    const rows = [...groups].map(([message, its]) => {
      const more = its.length > NAMED ? ` and ${its.length - NAMED} more` : "";
      return `${codes(its.slice(0, NAMED).map(({ id }) => id))}${more}: ${code(message)}`;
    });
    return rows.length === 0 ? [] : [lines(`**${title}**`, ""), list(rows, "reasons")];
  };
  return [
    ...about(["failed", "errored", "blocked"], "What has failed, and what it has kept from starting"),
    ...about(["waiting", "pending"], "What waits"),
    ...about(["skipped", "superseded", "cancelled"], "What is left out"),
  ];
}
