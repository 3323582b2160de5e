import type { Command } from "commander";
import { examples } from "../options.ts";
import type { Perform } from "../perform.ts";
import { addGithubApprove } from "./github-approve.ts";
import { addGithubConnect } from "./github-connect.ts";
import { addGithubDisconnect } from "./github-disconnect.ts";
import { addGithubDoctor } from "./github-doctor.ts";
import { addGithubGenerate } from "./github-generate.ts";
import { addGithubUnhold, addGithubUnlock, addGithubUnpin } from "./github-lift.ts";
import { addGithubSettle } from "./github-settle.ts";
import { addGithubHold, addGithubLock, addGithubPin } from "./github-stop.ts";

export function addGithub(program: Command, perform: Perform): void {
  const group = program.command("github").description("Deploy by GitHub's workflows, or connect a server");
  for (const add of [
    addGithubGenerate,
    addGithubApprove,
    addGithubHold,
    addGithubUnhold,
    addGithubLock,
    addGithubUnlock,
    addGithubPin,
    addGithubUnpin,
    addGithubSettle,
    addGithubDoctor,
    addGithubConnect,
    addGithubDisconnect,
  ])
    add(group, perform);
  examples(group, [
    ["sluice github generate", "write the workflows that sluice.yaml asks for"],
    ["sluice github approve 4f9c2d1", "approve what waits for a commit, over all workflow runs"],
    ["sluice github unhold --env mainnet", "let deploys start there again, after a rollback"],
    ["sluice github connect", "make the server an App of GitHub's"],
  ]);
}
