import type { Control } from "../../engine/control.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import { Checks } from "../../github/server/checks.ts";
import { Commits } from "../../github/server/commits.ts";
import { Records } from "../../github/server/records.ts";
import { StopRecords } from "../../github/server/stop-records.ts";
import { type Log, Worker } from "../../github/server/worker.ts";
import type { Connection } from "./connection.ts";

/** Who tells the forge something. Each goes on by itself: what the token may not do keeps nothing else from being done. */
export type Teller = {
  readonly worker: Worker;
  /** What it tells, in words for a number of them. */
  readonly what: string;
  /** How much of it is not told yet. */
  readonly behind: () => Promise<number>;
};

type Parts = { readonly control: Control; readonly clock: Clock; readonly log: Log };

/** Between two looks of what can wait, in ms: GitHub takes 500 texts an hour, and a check changes with every step. */
const REST_MS = 10_000;

/** Beside each commit an App has a check run, and a token, which GitHub gives none, a status. */
export function tellersOf(
  { control, clock, log }: Parts,
  to: Connection,
  link: (run: string) => string | null,
): { readonly tellers: readonly Teller[]; readonly checks: Checks | null } {
  const { store } = control;
  const records = new Records({ forge: to.forge, store, link, log });
  const recording: Teller = {
    worker: new Worker(() => records.write(), { name: "records on GitHub", clock, log, everyMs: null }),
    what: "records",
    behind: () => records.behind(),
  };
  const stops = new StopRecords({ forge: to.forge, store, log });
  const stopping: Teller = {
    worker: new Worker(() => stops.write(), { name: "stops on GitHub", clock, log, everyMs: null }),
    what: "holds, locks and pins",
    behind: () => stops.behind(),
  };
  if (to.app === null) {
    const commits = new Commits({ forge: to.server, store, link, log });
    const worker = new Worker(() => commits.write(), { name: "commit statuses on GitHub", clock, log, everyMs: null });
    return { tellers: [recording, stopping, { worker, what: "commit statuses", behind: () => commits.behind() }], checks: null };
  }
  const checks = new Checks({ forge: to.app.checks(control.project), store, gates: () => control.approvals(), link, log });
  const worker = new Worker(() => checks.write(), { name: "checks on GitHub", clock, log, everyMs: null, restMs: REST_MS });
  return { tellers: [recording, stopping, { worker, what: "checks", behind: () => checks.behind() }], checks };
}
