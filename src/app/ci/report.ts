import { EXIT, type ExitCode } from "../../cli/exit.ts";
import { isTarget, type TargetRecord } from "../../github/records/record.ts";
import { recordsOf } from "../../github/records/read.ts";
import type { TargetId } from "../../core/config/config.ts";
import { inDoubt } from "./journal.ts";
import { neededJobs } from "./inputs.ts";
import { settleHint } from "./outcome.ts";
import { code, short } from "./outputs.ts";
import type { Place } from "./place.ts";

/** Records of an environment that are looked at for those of this workflow run. */
const LOOKED_AT = 1_000;
const RESULTS: Readonly<{ [state in TargetRecord["state"]]: string }> = {
  "under-way": "✗ nobody has said how it ended",
  serving: "✓ serves, not good yet",
  good: "✓ good",
  changed: "✗ failed, and was changed",
  unchanged: "✗ failed, nothing was changed",
  unknown: "✗ nobody can tell what is there",
};

/** `sluice ci report`: what this workflow run has done, as a table of services, commits and links. Fails where a job has. */
export async function ciReport(place: Place): Promise<ExitCode> {
  const { host, inputs, outputs, policy } = place;
  const jobs = Object.entries(neededJobs(host.env));
  const forge = await host.forge();
  const rows: (readonly string[])[] = [];
  const doubted: TargetId[] = [];
  for (const environment of Object.keys(policy.environments))
    for (const record of recordsOf(await forge.deployments({ environment, most: LOOKED_AT })))
      if (isTarget(record) && record.run === inputs.run) {
        if (inDoubt(record)) doubted.push(record.target);
        rows.push([
          environment,
          record.service,
          code(short(record.commit)),
          RESULTS[record.state],
          record.url === null ? "" : `[${record.url}](${record.url})`,
        ]);
      }
  outputs.table(`What [run ${inputs.runId}](${inputs.url}) has changed`, ["Environment", "Service", "Commit", "Result", "Link"], rows);
  for (const target of doubted) outputs.problem(`Nobody can tell what is on ${target}`, settleHint(target));
  outputs.table(
    "Jobs",
    ["Job", "Result"],
    jobs.map(([job, { result }]) => [job, result]),
  );
  for (const [environment, service, commit, result] of rows) outputs.say(`${service}@${environment} ${commit}: ${result}`);
  const bad = jobs.filter(([, { result }]) => result === "failure" || result === "cancelled").map(([job]) => job);
  if (bad.length === 0) return EXIT.done;
  outputs.problem(`These jobs did not succeed: ${bad.join(", ")}`);
  return EXIT.failed;
}
