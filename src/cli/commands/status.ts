import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { githubWords } from "../../contract/github.ts";
import { answer, everyItem, PAGE_SIZE } from "../api.ts";
import type { Connection } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { collect, environmentsOption, examples } from "../options.ts";
import { paintHealth } from "../output/paint.ts";
import { table } from "../output/table.ts";
import { ago, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { statusWaiting } from "./status-waiting.ts";
import { allEnvironments, environmentStops, targetStops } from "./stops.ts";

type Options = { readonly env?: string[]; readonly service?: string[]; readonly waiting?: boolean };
type Target = Schemas["Target"];

export function addStatus(program: Command, perform: Perform): void {
  const command = program
    .command("status")
    .description("Print what is live: every service in every environment, its commit, its health, what runs there now")
    .addOption(environmentsOption())
    .option("-s, --service <service...>", "only these services", collect)
    .option("--waiting", "print every step that waits instead: what for, since when, who or what ends it, and the command")
    .action(perform(status));
  examples(command, [
    ["sluice status", "the fleet"],
    ["sluice status --env mainnet --service web", "one target"],
    ["sluice status --waiting", "what waits, over all runs"],
    ["sluice status --json", "as a list of {service, environment, commit, artifact, health, since, run, url?}"],
  ]);
}

async function status(session: Session, options: Options): Promise<ExitCode> {
  const connection = await session.connect("read");
  const environments = await allEnvironments(connection);
  const unknown = (options.env ?? []).find((name) => !environments.some(({ id }) => id === name));
  if (unknown !== undefined)
    throw new CliError(
      EXIT.usage,
      `No environment ${safe(unknown)} in the policy`,
      `Known: ${environments.map(({ id }) => id).join(", ")}`,
    );
  if (options.waiting) return statusWaiting(session, connection, options);
  const targets = await fleet(connection, options);
  const nowhere = (options.service ?? []).find((name) => !targets.some(({ service }) => service === name));
  if (nowhere !== undefined)
    throw new CliError(
      EXIT.usage,
      `Nothing of a service ${safe(nowhere)} has been deployed${options.env ? ` in ${listed(options.env)}` : ""}`,
      "What there is: sluice status",
    );
  if (session.json) {
    session.printJson(targets.map(targetJson));
    return EXIT.done;
  }
  if (targets.length === 0)
    session.print(options.env ? "Nothing has been deployed there" : "Nothing has been deployed: sluice deploy --all");
  else
    session.print(
      table(
        ["SERVICE", "ENVIRONMENT", "COMMIT", "HEALTH", "SINCE", "RUN", "NOW", "URL"],
        rowsOf(session, inOrder(targets, environments)),
        session.width,
      ),
    );
  await githubLine(session, connection);
  const meant = environments.filter(({ id }) => options.env?.includes(id) ?? true);
  for (const line of [...meant.flatMap(environmentStops), ...targets.flatMap(targetStops)]) session.print(line);
  return EXIT.done;
}

/** How the server stands with GitHub, where it speaks to it. Of a server that does not know the question nothing is said. */
async function githubLine(session: Session, { client }: Connection): Promise<void> {
  const found = await answer(client.GET("/api/v1/github")).catch(() => null);
  if (found?.connection) session.print(`GitHub: ${safe(githubWords(found.connection).line)}`);
}

/** One request where it can be; the API takes one environment and one service at a time. */
async function fleet({ client }: Connection, options: Options): Promise<readonly Target[]> {
  const [environment, ...otherEnvironments] = options.env ?? [];
  const [service, ...otherServices] = options.service ?? [];
  const filter = {
    ...(environment !== undefined && otherEnvironments.length === 0 ? { environment } : {}),
    ...(service !== undefined && otherServices.length === 0 ? { service } : {}),
  };
  const all = await everyItem((cursor) =>
    answer(
      client.GET("/api/v1/targets", { params: { query: { ...filter, limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } } }),
    ),
  );
  return all.filter((target) => (options.env?.includes(target.environment) ?? true) && (options.service?.includes(target.service) ?? true));
}

/** A service's environments in the order of promotion. */
function inOrder(targets: readonly Target[], environments: readonly Schemas["Environment"][]): readonly Target[] {
  const place = new Map(environments.map(({ id }, index) => [id, index]));
  const last = environments.length;
  const compare = (a: Target, b: Target): number => (place.get(a.environment) ?? last) - (place.get(b.environment) ?? last);
  return [...Map.groupBy(targets, ({ service }) => service).values()].flatMap((group) => group.toSorted(compare));
}

/** Stops are told where there are any. */
function targetJson({ service, environment, commit, artifact, health, since, run, url, lock, pin, unrestored }: Target): object {
  return {
    service,
    environment,
    commit,
    artifact,
    health,
    since,
    run,
    ...(url === undefined ? {} : { url }),
    ...(lock && { lock }),
    ...(pin && { pin }),
    ...(unrestored && { unrestored }),
  };
}

function rowsOf({ colors, context }: Session, targets: readonly Target[]) {
  const now = context.now();
  return targets.map((target) => [
    target.service,
    target.environment,
    target.commit === null ? "-" : shortCommit(target.commit),
    { text: target.health, paint: () => paintHealth(target.health, colors) },
    target.since === null ? "-" : ago(target.since, now),
    target.run ?? "-",
    target.running ? `${target.running.step.slice(0, target.running.step.indexOf(":"))}, run ${target.running.run}` : "",
    target.url ?? "",
  ]);
}
