import { Option, type Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { commitOption, environmentsOption, examples, policyRefOption, servicesOf } from "../options.ts";
import { table } from "../output/table.ts";
import { safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { commitText, planJson, warnOf } from "./shown.ts";

type Options = {
  readonly all?: boolean;
  readonly env?: string[];
  readonly commit?: string;
  readonly kind: "deploy" | "rollback";
  readonly to?: string;
  readonly promotion?: "wave" | "stream";
  readonly policyRef?: string;
  readonly changed?: boolean;
};

export function addPlan(program: Command, perform: Perform): void {
  const command = program
    .command("plan")
    .description("Print the steps that a deploy or a rollback would take. Changes nothing")
    .argument("[services...]", "the services that are meant")
    .option("-a, --all", "every service that is not manual")
    .addOption(environmentsOption())
    .addOption(commitOption())
    .addOption(new Option("--kind <kind>", "what to plan").choices(["deploy", "rollback"]).default("deploy"))
    .option("--to <where>", "rollback: a snapshot's id, a commit or a time (default: the snapshot that is offered)")
    .addOption(new Option("--promotion <how>", "how members go on to the next environment").choices(["wave", "stream"]))
    .option("--changed", "only services whose paths have changed since what is live, or that are not live; of all where none is named")
    .addOption(policyRefOption())
    .action(perform(plan));
  examples(command, [
    ["sluice plan --all", "what a deploy of HEAD would do"],
    ["sluice plan api web --env devnet --json", "two services in one environment, as JSON"],
    ["sluice plan --all --kind rollback --env mainnet", "what a rollback would do"],
  ]);
}

async function plan(session: Session, services: string[], options: Options): Promise<ExitCode> {
  const body = planRequest(services, options);
  const { client } = await session.connect("read", options.policyRef ?? null);
  const planned = await answer(client.POST("/api/v1/plans", { body }));
  warnOf(session, planned.warnings);
  if (session.json) session.printJson(planJson(planned));
  else session.print(planText(session, planned));
  return EXIT.done;
}

function planRequest(services: readonly string[], options: Options): Schemas["PlanRequest"] {
  const meant = options.changed && services.length === 0 ? null : servicesOf(services, options);
  if (options.kind === "rollback") {
    const [environment, ...others] = options.env ?? [];
    if (environment === undefined || others.length > 0)
      throw new CliError(EXIT.usage, "A rollback is planned for one environment", "Give it with --env");
    if (options.changed) throw new CliError(EXIT.usage, "--changed belongs to --kind deploy", "Name the services, or give --all");
    if (options.commit !== undefined) throw new CliError(EXIT.usage, "A rollback has no --commit", "Say where to go back to with --to");
    return { kind: "rollback", environment, services: meant, to: options.to ?? null };
  }
  if (options.to !== undefined) throw new CliError(EXIT.usage, "--to belongs to --kind rollback", "Give a deploy's commit with --commit");
  return {
    kind: "deploy",
    services: meant,
    environments: options.env ?? null,
    commit: options.commit ?? null,
    policyRef: options.policyRef ?? null,
    promotion: options.promotion ?? null,
    changed: options.changed ?? false,
  };
}

function planText(session: Session, planned: Schemas["Plan"]): string {
  const { colors } = session;
  const head = [
    `${colors.bold(planned.kind)} ${commitText(planned.release.commit)}: ${planned.steps.length} steps`,
    ...(planned.policy ? [`policy of ${safe(planned.policy.ref)} (${commitText(planned.policy.commit)})`] : []),
    `plan ${planned.fingerprint}`,
  ];
  const rows = planned.steps.map((step) => [
    step.id,
    { text: [...step.needs, ...step.after.map((environment) => `all of ${environment}`)].join(", "), paint: colors.dim },
  ]);
  const notes = planned.notes.map((note) => `note: ${safe(note)}`);
  return [...head, "", table(["STEP", "AFTER"], rows, session.width).trimEnd(), ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}
