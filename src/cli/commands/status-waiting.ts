import { serviceOf } from "../../core/config/names.ts";
import type { Schemas } from "../../contract/client.ts";
import { answer, everyItem, PAGE_SIZE } from "../api.ts";
import type { Connection } from "../context.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { table } from "../output/table.ts";
import { ago, elapsed, listed, safe } from "../output/text.ts";
import type { Session } from "../session.ts";

type WaitingStep = Schemas["WaitingStep"];
export type WaitingFilter = { readonly env?: readonly string[]; readonly service?: readonly string[] };

/** Every step that waits, over all open runs: what for, since when, who or what ends it, and the command. */
export async function statusWaiting(session: Session, connection: Connection, filter: WaitingFilter): Promise<ExitCode> {
  const all = await everyItem((cursor) =>
    answer(
      connection.client.GET("/api/v1/waiting", { params: { query: { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } } }),
    ),
  );
  const shown = all.filter((step) => isMeant(step, filter));
  if (session.json) session.printJson(shown);
  else if (shown.length === 0) session.print("Nothing waits");
  else
    session.print(
      table(
        ["RUN", "STEP", "SINCE", "ENDED BY", "WAITS FOR", "COMMAND"],
        shown.map((step) => row(step, session.context.now())),
        // What is to be copied is not cut.
        null,
      ),
    );
  return EXIT.done;
}

function isMeant({ target, environment }: WaitingStep, { env, service }: WaitingFilter): boolean {
  const own = target === undefined ? undefined : serviceOf(target);
  return (
    (env === undefined || (environment !== undefined && env.includes(environment))) &&
    (service === undefined || (own !== undefined && service.includes(own)))
  );
}

function row(step: WaitingStep, now: number): readonly string[] {
  const { message, command, since } = step.waitingFor;
  const suffix = command === undefined ? "" : `: ${command}`;
  const words = safe(suffix !== "" && message.endsWith(suffix) ? message.slice(0, -suffix.length) : message);
  return [step.run, step.step, ago(since, now), endedBy(step, now), words.replace(/^waits (for )?/, ""), command ?? ""];
}

/** Persons, the time, or what it waits for itself. */
function endedBy({ who, waitingFor }: WaitingStep, now: number): string {
  const by = [
    ...(who.length > 0 ? [listed(who.map(safe))] : []),
    // who has placed it is who knows; others may lift it too
    ...(who.length > 0 && (waitingFor.code === "hold" || waitingFor.code === "lock") ? ["anyone who may"] : []),
    ...(waitingFor.code === "artifact" ? ["whoever pushes it"] : []),
    ...(waitingFor.until === undefined ? [] : [`in ${elapsed(Date.parse(waitingFor.until) - now)}`]),
  ];
  return by.length > 0 ? by.join(", or ") : waitingFor.command === undefined ? "itself" : "anyone";
}
