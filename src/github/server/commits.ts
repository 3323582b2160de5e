import type { CommitId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import type { RunRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { ForgeError } from "../forge.ts";
import { cut } from "../records/record.ts";
import { changesBehind, follow } from "./follow.ts";
import type { CommitStatus, ServerForge } from "./forge.ts";
import type { Log } from "./worker.ts";

type Parts = {
  readonly forge: Pick<ServerForge, "setCommitStatus">;
  readonly store: Pick<Store, "note" | "setNotes" | "eventsAfter" | "lastSeq" | "plan">;
  readonly link: (run: string) => string | null;
  readonly log: Log;
};

const CURSOR = "github/commits";
const STATES: Readonly<Record<RunRow["status"], CommitStatus["state"]>> = {
  queued: "pending",
  running: "pending",
  waiting: "pending",
  succeeded: "success",
  failed: "failure",
  cancelled: "error",
  superseded: "error",
};

/** Of each commit the newest run that has changed. */
function newestOf(changes: readonly Change[]): readonly RunRow[] {
  const newest = new Map<CommitId, RunRow>();
  for (const { row } of changes.filter((change) => change.table === "run")) {
    const before = newest.get(row.commit);
    if (row.kind === "deploy" && (!before || Number(before.id) <= Number(row.id))) newest.set(row.commit, row);
  }
  return [...newest.values()];
}

/** Says beside each commit how the newest run that deploys it stands, with what its plan holds and where it is seen. */
export class Commits {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Up to the end of the log. Rejects with a `ForgeError` where it has to go on later. */
  async write(): Promise<void> {
    await follow(this.#parts.store, CURSOR, async (changes) => {
      for (const run of newestOf(changes)) await this.#tell(run);
    });
  }

  /** Commits of which something is still to be said. */
  async behind(): Promise<number> {
    return newestOf(await changesBehind(this.#parts.store, CURSOR)).length;
  }

  async #tell(run: RunRow): Promise<void> {
    const { forge, store, link, log } = this.#parts;
    const members = Object.values((await store.plan(run.id))?.members ?? {});
    const services = new Set(members.map(({ service }) => service)).size;
    const environments = [...new Set(members.map(({ environment }) => environment))].join(", ");
    const description = cut(`Run ${run.id} ${run.status}: ${services} ${services === 1 ? "service" : "services"} in ${environments}`);
    try {
      await forge.setCommitStatus(run.commit, { state: STATES[run.status], context: "sluice", description, url: link(run.id) });
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== "refused") throw error;
      log("warn", `nothing is said beside ${run.commit.slice(0, 12)}: ${error.message}`);
    }
  }
}
