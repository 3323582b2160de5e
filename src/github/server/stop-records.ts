import type { EnvironmentId, TargetId } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { Change } from "../../core/run/changes.ts";
import type { EnvironmentRow, Lock, TargetRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { type Forge, ForgeError } from "../forge.ts";
import { type NewStop, serversRun, type StopSaid } from "../records/record.ts";
import { liftStops, placeStop, standingStops } from "../records/stops.ts";
import { changesBehind, follow } from "./follow.ts";
import type { Log } from "./worker.ts";

type Parts = {
  readonly forge: Pick<Forge, "deployments" | "createDeployment" | "setStatus" | "commit" | "repository">;
  readonly store: Pick<Store, "note" | "setNotes" | "eventsAfter" | "lastSeq" | "environments" | "targets">;
  readonly log: Log;
};

const CURSOR = "github/stops";
const KEY = "github/stop/";
const PAGE = 1_000;

type Kind = NewStop["kind"];
/** What stands on an environment or a target; null: none of that kind does. */
type Stands = {
  readonly on: string;
  readonly environment: EnvironmentId;
  readonly stops: readonly (readonly [Kind, StopSaid | null])[];
};
/** `id`: the forge's; null: it was asked for, and whether it was made is not known. */
type Kept = { readonly id: number | "given-up" | null; readonly is: string };

type Due = { readonly kind: Kind; readonly want: StopSaid | null; readonly key: string; readonly kept: Kept | null; readonly is: string };

/** Writes holds, locks and pins to the forge and lifts them there, as workflows record them: whichever host is at an environment next finds what stands. Follows the log as the records do, and keeps nothing waiting. */
export class StopRecords {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Up to the end of the log; the first time all that stands. Rejects with a `ForgeError` where it has to go on later. */
  async write(): Promise<void> {
    const { store } = this.#parts;
    if ((await store.note(CURSOR)) === null) await this.#all(await store.environments(), await this.#targets());
    await follow(store, CURSOR, async (changes) => {
      const { environments, targets } = latest(changes);
      await this.#all(environments, targets);
    });
  }

  /** Stops of which something is still to be recorded. */
  async behind(): Promise<number> {
    const { environments, targets } = latest(await changesBehind(this.#parts.store, CURSOR));
    let due = 0;
    for (const stands of [...[...environments].map(onEnvironment), ...[...targets].map(onTarget)]) due += (await this.#due(stands)).length;
    return due;
  }

  async #all(environments: Iterable<EnvironmentRow>, targets: Iterable<TargetRow>): Promise<void> {
    for (const row of environments) await this.#tell(onEnvironment(row));
    for (const row of targets) await this.#tell(onTarget(row));
  }

  async #targets(): Promise<readonly TargetRow[]> {
    const all: TargetRow[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await this.#parts.store.targets({}, { limit: PAGE, cursor });
      all.push(...page.items);
      cursor = page.next;
      if (cursor === null) return all;
    }
  }

  async #due({ on, stops }: Stands): Promise<readonly Due[]> {
    const due: Due[] = [];
    for (const [kind, want] of stops) {
      const key = `${KEY}${kind}/${on}`;
      const body = await this.#parts.store.note(key);
      const kept = body === null ? null : (JSON.parse(body) as Kept);
      const is = want ? fingerprint(want) : "";
      if ((kept?.is ?? "") !== is || kept?.id === null) due.push({ kind, want, key, kept, is });
    }
    return due;
  }

  async #tell(stands: Stands): Promise<void> {
    const { store, log } = this.#parts;
    const { on, environment } = stands;
    for (const { kind, want, key, kept, is } of await this.#due(stands)) {
      try {
        if (kept !== null && kept.id !== "given-up")
          await this.#lift(kind, on, environment, kept.id, want?.by ?? "who has lifted it in Sluice");
        await store.setNotes({ [key]: want ? JSON.stringify({ id: null, is }) : null });
        if (want) await store.setNotes({ [key]: JSON.stringify({ id: await this.#place(want), is }) });
      } catch (error) {
        if (!(error instanceof ForgeError) || error.code !== "refused") throw error;
        log("warn", `the ${kind} on ${on} is not recorded on GitHub: ${error.message}`);
        await store.setNotes({ [key]: JSON.stringify({ id: "given-up", is }) });
      }
    }
  }

  /** Somebody may have deleted it, and then it stands no more. */
  async #lift(kind: Kind, on: string, environment: EnvironmentId, id: number | null, by: string): Promise<void> {
    const { forge } = this.#parts;
    const made = async (): Promise<readonly number[]> =>
      (await standingStops(forge, environment, 0))
        .filter((stop) => stop.kind === kind && ((stop.kind === "hold" ? null : stop.target) ?? environment) === on)
        .map((stop) => stop.id);
    try {
      await liftStops(forge, id === null ? await made() : [id], by);
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== "not-found" || id === null || (await made()).includes(id)) throw error;
    }
  }

  async #place(want: StopSaid): Promise<number> {
    const { forge } = this.#parts;
    const { defaultBranch } = await forge.repository();
    const commit = want.kind === "pin" ? want.commit : await forge.commit(defaultBranch);
    if (commit === null) throw new ForgeError("refused", `there is no commit ${defaultBranch}`, "push it");
    const stop: NewStop = { ...want, commit, production: false };
    return await placeStop(forge, stop);
  }
}

/** Only how it stands by then is told. */
function latest(changes: readonly Change[]): { readonly environments: Iterable<EnvironmentRow>; readonly targets: Iterable<TargetRow> } {
  const environments = new Map<EnvironmentId, EnvironmentRow>();
  const targets = new Map<TargetId, TargetRow>();
  for (const change of changes)
    if (change.table === "environment") environments.set(change.row.id, change.row);
    else if (change.table === "target") targets.set(change.row.id, change.row);
  return { environments: environments.values(), targets: targets.values() };
}

function onEnvironment({ id: environment, hold, lock }: EnvironmentRow): Stands {
  const held: StopSaid | null = hold && {
    kind: "hold",
    environment,
    by: hold.by,
    reason: hold.reason,
    run: hold.run === null ? null : serversRun(hold.run),
    rollback: null,
  };
  return {
    on: environment,
    environment,
    stops: [
      ["hold", held],
      ["lock", lock && locked(environment, null, lock)],
    ],
  };
}

const onTarget = ({ id: target, environment, lock, pin }: TargetRow): Stands => ({
  on: target,
  environment,
  stops: [
    ["lock", lock && locked(environment, target, lock)],
    ["pin", pin && { kind: "pin", environment, by: pin.by, reason: pin.reason, target, commit: pin.commit }],
  ],
});

const locked = (environment: EnvironmentId, target: TargetId | null, { by, reason, until }: Lock): StopSaid => ({
  kind: "lock",
  environment,
  by,
  reason,
  target,
  until,
});
