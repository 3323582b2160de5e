import { setTimeout as pause } from "node:timers/promises";
import type { Schemas } from "../../contract/client.ts";
import { readEvents, StreamRefused } from "../../contract/stream.ts";
import { answer, unreachable } from "../api.ts";
import type { Connection, Need } from "../context.ts";
import { CliError, EXIT, problemError } from "../exit.ts";
import type { Session } from "../session.ts";
import { RunView, type RunDetail, type StepChange } from "./view.ts";

export type Update = { readonly view: RunView; readonly changes: readonly StepChange[] };

/** How long a lost server is looked for, in ms. */
const PATIENCE = 60_000;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5_000;

export async function fetchRun(connection: Connection, id: string): Promise<RunDetail> {
  return answer(connection.client.GET("/api/v1/runs/{id}", { params: { path: { id } } }));
}

/**
 * A run as it goes on, until it has ended or the signal aborts. The first update is the run as it is. A connection that is lost is made anew, without loss or
 * repetition; rejects with a `CliError` where that fails for a minute.
 */
export async function* watchRun(session: Session, need: Need, id: string, signal: AbortSignal): AsyncGenerator<Update> {
  let view: RunView | null = null;
  let after: number | null = null;
  let lostAt: number | null = null;
  let wait = FIRST_PAUSE;
  for (;;) {
    try {
      const connection = lostAt === null ? await session.connect(need) : await session.reconnect(need);
      const stream = readEvents({ ...connection.api, ...(after === null ? {} : { after }), signal });
      for await (const message of stream) {
        lostAt = null;
        wait = FIRST_PAUSE;
        if (message.type === "hello") {
          // Fetched behind the stream's beginning, so that nothing falls between the two.
          if (view !== null && !message.hello.reset) continue;
          after = message.hello.after;
          const run = await fetchRun(connection, id);
          const changes: readonly StepChange[] = view?.replace(run, new Date(session.context.now()).toISOString()) ?? [];
          view ??= new RunView(run);
          yield { view, changes };
        } else if (view !== null) {
          const { event } = message;
          after = event.seq;
          const concerned = event.run === id || event.changes.some((change) => concerns(change, id));
          if (!concerned && !view.ended) continue;
          // A retry takes steps back, which an event alone cannot be believed to say.
          const changes =
            event.type === "run.retried" && event.run === id ? view.replace(await fetchRun(connection, id), event.at) : view.apply(event);
          yield { view, changes };
        }
        if (view?.ended) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof StreamRefused && error.problem !== null && error.status < 500) throw problemError(error.problem);
      if (error instanceof CliError && error.exit !== EXIT.noServer) throw error;
      if (error instanceof CliError && view === null) throw error;
      if (lostAt !== null && session.context.now() - lostAt > PATIENCE) throw lost(error, id);
    }
    if (signal.aborted) return;
    lostAt ??= session.context.now();
    await pause(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    wait = Math.min(2 * wait, LONGEST_PAUSE);
  }
}

function concerns({ table, row }: Schemas["Patch"], id: string): boolean {
  if ("run" in row && row.run === id) return true;
  return table === "attempt" && row.joined.some(({ run }) => run === id);
}

function lost(cause: unknown, id: string): CliError {
  return new CliError(EXIT.noServer, `The server was lost: ${unreachable(cause).message}`, `When it is back: sluice run watch ${id}`, {
    cause,
  });
}
