import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { environmentsOption, examples, repoOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import { doctorLines } from "./doctor.ts";

type Options = { readonly env?: string[]; readonly repo?: string };

export function addGithubDoctor(group: Command, perform: Perform): void {
  const command = group
    .command("doctor")
    .description(
      "Check whether a repository on GitHub is ready: your token, the environments with their reviewers and branches against policy, records, the budget of requests; and the App of a server that was connected. Changes nothing. Exits 1 where something is wrong",
    )
    .addOption(environmentsOption())
    .addOption(repoOption())
    .action(
      perform(async (session, { env, repo }: Options) => {
        const checks = await session.patiently(
          session.context.githubDoctor({ directory: session.directory, repository: repo ?? null, environments: env ?? null }),
        );
        if (session.json) session.printJson(checks);
        else session.print(doctorLines(checks, session.colors).join("\n"));
        return checks.some(({ status }) => status === "problem") ? EXIT.failed : EXIT.done;
      }),
    );
  examples(command, [
    ["sluice github doctor", "before the first push"],
    ["sluice github doctor --env mainnet", "one environment and its gate"],
  ]);
}
