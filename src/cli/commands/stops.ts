import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer, everyItem } from "../api.ts";
import type { Connection } from "../context.ts";
import { CliError } from "../exit.ts";
import { listed, safe } from "../output/text.ts";

/** Environments as policy has them, with what stops deploys there. */
export async function allEnvironments({ client }: Connection): Promise<readonly Schemas["Environment"][]> {
  return everyItem(() => answer(client.GET("/api/v1/environments")));
}

/** What stops deploys in these environments. That it cannot be told now keeps nobody from deciding. */
export async function stopsIn(connection: Connection, environments: readonly string[]): Promise<readonly string[]> {
  try {
    return (await allEnvironments(connection)).filter(({ id }) => environments.includes(id)).flatMap(environmentStops);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [`whether ${listed(environments)} is held, locked or frozen cannot be told: ${safe(error.message)}`];
  }
}

/** What stops deploys in an environment, each with how it ends. */
export function environmentStops({ id, hold, lock, freeze }: Schemas["Environment"]): readonly string[] {
  return [
    ...(hold ? [`${id} is held by ${safe(hold.by)}: ${safe(hold.reason)} (sluice unhold ${id})`] : []),
    ...(lock ? [lockText(id, lock)] : []),
    ...(freeze ? [`${id} is frozen until ${freeze.until}${freeze.reason ? `: ${safe(freeze.reason)}` : ""}`] : []),
  ];
}

/** What stops, keeps or troubles one target. */
export function targetStops({ service, environment, lock, pin, unrestored }: Schemas["Target"]): readonly string[] {
  const id = `${service}@${environment}`;
  return [
    ...(lock ? [lockText(id, lock)] : []),
    ...(pin ? [`${id} is pinned at ${shortCommit(pin.commit)} by ${safe(pin.by)}: ${safe(pin.reason)} (sluice unpin ${id})`] : []),
    ...(unrestored ? [`${id} could not be brought back after run ${unrestored.run}: ${safe(unrestored.message)}`] : []),
  ];
}

const lockText = (on: string, { by, reason, until }: NonNullable<Schemas["Lock"]>): string =>
  `${on} is locked by ${safe(by)}${until === null ? "" : ` until ${until}`}: ${safe(reason)} (sluice unlock ${on})`;
