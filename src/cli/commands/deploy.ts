import { Option, type Command } from "commander";
import { idempotencyKey, type Schemas } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { follow } from "../follow/follow.ts";
import { fetchRun } from "../follow/watch.ts";
import { commitOption, environmentsOption, examples, policyRefOption, said, servicesOf, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { commitText, planSummary, runJson, warnOf } from "./shown.ts";

type Options = {
  readonly all?: boolean;
  readonly env?: string[];
  readonly commit?: string;
  readonly reason?: string;
  readonly policyRef?: string;
  readonly promotion?: "wave" | "stream";
  readonly redeploy?: boolean;
  readonly acceptDiverged?: boolean;
  readonly skipNeeds?: boolean;
  readonly changed?: boolean;
  readonly now?: boolean;
  readonly wait: boolean;
  readonly yes?: boolean;
};

export function addDeploy(program: Command, perform: Perform): void {
  const command = program
    .command("deploy")
    .description(
      "Bring services to a commit, and follow the run to its end. Exits 3 where it stops at an undecided gate, a hold, a lock or a freeze, unless someone sits at the terminal",
    )
    .argument("[services...]", "the services that are meant")
    .option("-a, --all", "every service that is not manual")
    .addOption(environmentsOption())
    .addOption(commitOption())
    .addOption(new Option("--reason <text>", "why, for the record").argParser(said))
    .addOption(policyRefOption())
    .addOption(
      new Option(
        "--promotion <how>",
        "`wave`: an environment starts when all have ended in those before; `stream`: each service goes on by itself",
      ).choices(["wave", "stream"]),
    )
    .option("--redeploy", "apply again what is already live, such as after a secret has changed, and take back what was changed by hand")
    .option("--accept-diverged", "go ahead where what is live is not part of the commit's history; needs --reason")
    .option("--skip-needs", "go ahead where the commit was not good in the environments before; only through a gate, needs --reason")
    .option("--changed", "only services whose paths have changed since what is live, or that are not live; of all where none is named")
    .option("--now", "cut short the soaks of other releases instead of awaiting them")
    .option("--no-wait", "return once the run is admitted; needs a server")
    .addOption(yesOption())
    .action(perform(deploy));
  examples(command, [
    ["sluice deploy --all", "every service, HEAD, through all environments"],
    ["sluice deploy web --commit 4f9c2d1", "one service"],
    ["sluice deploy --changed", "services whose paths have changed since what is live"],
    ['sluice deploy api --env mainnet --skip-needs --reason "hotfix"', "straight to a gate, which shows it"],
    ["sluice deploy --all --env devnet --yes", "one environment by hand, without a question"],
    ["sluice deploy --all --no-wait --json", "admitted by the server, printed as JSON"],
  ]);
}

async function deploy(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const { changed = false, now = false, reason } = options;
  const meant = changed && services.length === 0 ? null : servicesOf(services, options);
  for (const [flag, given] of [["--accept-diverged", options.acceptDiverged] as const, ["--skip-needs", options.skipNeeds] as const])
    if (given && reason === undefined) throw new CliError(EXIT.usage, `${flag} needs a --reason`, "It is shown at the gate and kept");
  const connection = await session.connect(options.wait ? "drive" : "stay", options.policyRef ?? null);
  const { client } = connection;
  const request: Schemas["DeployRequest"] = {
    services: meant,
    environments: options.env ?? null,
    commit: options.commit ?? null,
    policyRef: options.policyRef ?? null,
    reason: reason ?? null,
    promotion: options.promotion ?? null,
    redeploy: options.redeploy ?? false,
    acceptDiverged: options.acceptDiverged ? (reason ?? null) : null,
    skipNeeds: options.skipNeeds ? (reason ?? null) : null,
    changed,
    now,
  };
  const plan = await answer(client.POST("/api/v1/plans", { body: { kind: "deploy", ...request } }));
  warnOf(session, plan.warnings);
  session.say([`deploy ${commitText(plan.release.commit)}`, ...planSummary(plan)].join("\n"));
  for (const note of plan.notes) session.say(`  note: ${note}`);
  if (plan.steps.length === 0) {
    session.say("Nothing has changed since what is live: nothing is started");
    if (session.json) session.printJson(null);
    return EXIT.done;
  }
  await session.confirm("Deploy this?", options.yes);

  const { run, warnings } = await answer(
    // The commit that was shown, whatever the branch is by now.
    client.POST("/api/v1/runs", {
      params: { header: { "idempotency-key": idempotencyKey() } },
      body: { ...request, commit: plan.release.commit },
    }),
  );
  warnOf(
    session,
    warnings.filter((warning) => !plan.warnings.includes(warning)),
  );
  return started(session, run, options.wait);
}

/** A run that was admitted: followed to its end, or left to the server. */
export async function started(session: Session, run: Schemas["Run"], wait: boolean): Promise<ExitCode> {
  session.say(`run ${run.id} started`);
  if (!wait) {
    if (session.json) session.printJson(runJson(await fetchRun(await session.connect("stay"), run.id)));
    else session.print(`It goes on by itself: sluice run watch ${run.id}`);
    return EXIT.done;
  }
  const followed = await follow(session, run.id);
  if (session.json) session.printJson(runJson(followed.run));
  return followed.exit;
}
