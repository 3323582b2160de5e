import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { Approval, EnvironmentId } from "../../core/config/config.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import type { Forge, WorkflowRun } from "../../github/forge.ts";
import { approversOf, isRuledBy, judgeGate, type Verdict } from "../../github/gates/judge.ts";
import { passesOf } from "../../github/gates/passes.ts";
import { gateName } from "../../core/config/github.ts";
import { isRollback } from "../../github/gates/waiting.ts";
import { GATE_TASK, type GateRecord, gateRecords } from "../../github/records/gates.ts";
import type { RunRef } from "../../github/records/record.ts";
import { environmentOf, mustBeGenuine, type Place } from "./place.ts";

/** `sluice ci gate`: whether policy counts the approval by which GitHub has let this workflow run pass. Runs in the gate's own job, so behind it. */
export async function ciGate(place: Place, environment: EnvironmentId): Promise<ExitCode> {
  const { host, outputs } = place;
  const rules = environmentOf(place, environment);
  const forge = await host.forge();
  const run = await mustBeGenuine(place, forge);
  const back = host.env["SLUICE_DIRECTION"] ? host.env["SLUICE_DIRECTION"] === "rollback" : isRollback(run);
  // a way back comes here without an approval of its own where it cannot be shown that people have let it pass before
  const approval = back ? (rules.rollback ?? rules.approval) : rules.approval;
  if (approval === null) {
    outputs.notice(`Policy asks for no approval of a ${back ? "rollback" : "deploy"} in ${environment}`);
    return EXIT.done;
  }
  const { approvedBy, problems } = await judged(place, forge, run, environment, { approval, back });
  outputs.hand("approvers", [...approvedBy]);
  outputs.table(
    `Gate of ${environment}`,
    ["Approved by", "Counts"],
    [[approvedBy.join(", ") || "nobody", problems.length === 0 ? "yes" : "no"]],
  );
  for (const { message, hint } of problems) outputs.problem(message, hint);
  if (problems.length > 0) return EXIT.failed;
  outputs.say(`${environment}: approved by ${approvedBy.join(", ")}`);
  return EXIT.done;
}

/** Gates that are decided in an environment between the App's word and the job's start. */
const NEWEST = 100;

/** Whether this workflow run has passed the gate of an environment by an approval. */
export async function judged(
  place: Place,
  forge: Forge,
  run: WorkflowRun,
  environment: EnvironmentId,
  { approval, back }: { readonly approval: Approval; readonly back: boolean },
): Promise<Verdict> {
  const { inputs, policy, app } = place;
  const rules = environmentOf(place, environment);
  const guard = await forge.environment(gateName(environment));
  const isRuled = isRuledBy(app, guard);
  // a decision is on a deploy of the commit: a way back is another question
  if (back && isRuled)
    throw new CliError(
      EXIT.failed,
      `What is decided in Sluice lets deploys pass, and this goes back in ${environment}`,
      `Roll back by the server: sluice rollback --all --env ${environment}; or give ${gateName(environment)} reviewers in place of the rule`,
    );
  return judgeGate({
    environment,
    guard,
    isPrivate: (await forge.repository()).private,
    reviews: await forge.reviews(inputs.runId),
    passes: passesOf(await forge.jobs(inputs.runId), environment),
    starters: [...inputs.starters, ...run.starters],
    approval,
    approvers: approversOf(rules, approval, policy.teams),
    emergency: resolvePrincipals(rules.emergency, policy.teams),
    app,
    decision: isRuled ? await decisionAt(forge, app, environment, inputs.run) : null,
  });
}

/** What the App has recorded of this very attempt. */
async function decisionAt(forge: Forge, app: string, environment: EnvironmentId, run: RunRef): Promise<GateRecord | null> {
  const newest = await forge.deployments({ environment: gateName(environment), task: GATE_TASK, most: NEWEST });
  return gateRecords(newest, app).find((record) => record.run === run && record.environment === environment) ?? null;
}
