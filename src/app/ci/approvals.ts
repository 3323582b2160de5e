import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import { ghCommands } from "../../github/gates/commands.ts";
import { waitingGates } from "../../github/gates/waiting.ts";
import { code, short } from "./outputs.ts";
import type { Place } from "./place.ts";

/** `sluice ci approvals`: everything that waits for people for a commit, and what a reviewer does about it. It decides nothing: no reviewer's token is here. */
export async function ciApprovals(place: Place): Promise<ExitCode> {
  const { host, inputs, outputs, source } = place;
  const asked = inputs.commit ?? inputs.sha;
  if (asked === null) throw new CliError(EXIT.usage, "Neither SLUICE_COMMIT nor GITHUB_SHA is set", "Give the commit or tag that is meant");
  const commit = await source.resolve(asked);
  const forge = await host.forge();
  const { name, defaultBranch } = await forge.repository();
  const { gates, unclear } = await waitingGates(forge, { commit, environments: null, branches: [defaultBranch, place.branch] });
  const server = host.env["GITHUB_SERVER_URL"] || "https://github.com";
  outputs.table(
    `What waits for approval at ${short(commit)}`,
    ["Environment", "Workflow run", "Started by", "May approve"],
    gates.map(({ environment, title, run, url, startedBy, reviewers }) => [
      environment,
      `[${title} (${run})](${url})`,
      startedBy,
      reviewers.join(", "),
    ]),
  );
  for (const { environment, title, url, reviewers } of gates)
    outputs.say(`${environment}: ${title}, ${url}, may approve: ${reviewers.join(", ")}`);
  for (const { run, why } of unclear) outputs.notice(`"${run.title}" waits too, and is not listed (${why}): ${run.url}`);
  outputs.hand("commit", commit);
  outputs.hand(
    "gates",
    gates.map((gate) => ({ ...gate, reviewers: [...gate.reviewers] })),
  );
  if (gates.length === 0) {
    outputs.notice(`Nothing waits for approval at ${short(commit)}`);
    return EXIT.done;
  }
  const commands = [`sluice github approve ${commit}`, ...ghCommands(server, name, gates)];
  outputs.hand("commands", [...commands]);
  outputs.summary(
    [
      "All of it, as yourself:",
      "",
      "```sh",
      commands[0],
      "```",
      "",
      `Or run by run, where ${code("sluice")} is not installed:`,
      "",
      "```sh",
      ...commands.slice(1),
      "```",
    ].join("\n"),
  );
  for (const command of commands) outputs.say(command);
  return EXIT.done;
}
