import type { CiAnswer, CiRequest } from "../../cli/context.ts";
import { CliError, type ExitCode, Interrupted } from "../../cli/exit.ts";
import { asCliError } from "../errors.ts";
import { ciApprovals } from "./approvals.ts";
import { ciBuild } from "./build.ts";
import { ciDeploy } from "./deploy.ts";
import { ciGate } from "./gate.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type CiHost, openPlace, type Place } from "./place.ts";
import { ciPlan } from "./plan.ts";
import { ciReport } from "./report.ts";
import { ciResolve } from "./resolve.ts";
import { ciRollback } from "./rollback.ts";
import { ciWait } from "./wait.ts";

/** A step of a workflow's job. What is wrong is said to GitHub as well, as an annotation of the run. Rejects with `CliError`. */
export async function ci(request: CiRequest, host: CiHost): Promise<CiAnswer> {
  try {
    return await withPlace(host, async (place) => ({ exit: await step(place, request), data: place.outputs.handed }));
  } catch (error) {
    const said = host.interrupted.aborted && !(error instanceof CliError) ? new Interrupted("The job was cancelled") : asCliError(error);
    if (said instanceof CliError) host.out(`::error::${annotation(said)}\n`);
    throw said;
  }
}

async function withPlace<T>(host: CiHost, use: (place: Place) => Promise<T>): Promise<T> {
  const takeAway = await writeKubeconfig(host);
  try {
    const place = await openPlace(host);
    try {
      return await use(place);
    } finally {
      await place.home.close();
    }
  } finally {
    await takeAway();
  }
}

function step(place: Place, request: CiRequest): Promise<ExitCode> {
  switch (request.step) {
    case "plan":
      return ciPlan(place, request);
    case "approvals":
      return ciApprovals(place);
    case "build":
      return ciBuild(place);
    case "resolve":
      return ciResolve(place, request.environment, request.waves);
    case "wait":
      return ciWait(place, request.environment, request.service);
    case "gate":
      return ciGate(place, request.environment);
    case "deploy":
      return ciDeploy(place, request.environment);
    case "rollback":
      return ciRollback(place, request.environment, request.waves);
    case "report":
      return ciReport(place);
  }
}

const annotation = ({ message, hint }: CliError): string =>
  (hint === null ? message : `${message}. ${hint}`).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
