import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import { addCiApprovals } from "./ci-approvals.ts";
import { addCiBuild } from "./ci-build.ts";
import { addCiDeploy } from "./ci-deploy.ts";
import { addCiGate } from "./ci-gate.ts";
import { addCiPlan } from "./ci-plan.ts";
import { addCiReport } from "./ci-report.ts";
import { addCiResolve } from "./ci-resolve.ts";
import { addCiRollback } from "./ci-rollback.ts";
import { addCiWait } from "./ci-wait.ts";

export function addCi(program: Command, perform: Perform): void {
  const ci = program.command("ci").description("A step of a generated workflow on GitHub. State lives in GitHub's deployments");
  const adders = [addCiPlan, addCiBuild, addCiResolve, addCiWait, addCiGate, addCiDeploy, addCiRollback, addCiApprovals, addCiReport];
  for (const add of adders) add(ci, perform);
  examples(ci, [
    ["sluice ci plan --waves 3", "what a deploy of SLUICE_COMMIT would do, as waves of jobs"],
    ["sluice ci deploy --env mainnet", "the services of SLUICE_CHUNK, from records and into records"],
  ]);
}
