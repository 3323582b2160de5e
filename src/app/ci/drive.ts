import type { CommitId, EnvironmentId } from "../../core/config/config.ts";
import type { Reason } from "../../core/run/reason.ts";
import type { RunRow, RunStatus } from "../../core/run/rows.ts";
import { runEnded } from "../../core/run/status.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../engine/ports/store.ts";
import type { Place } from "./place.ts";

/** A person who has let this workflow run pass at a gate, by what GitHub says. */
export type Approver = { readonly by: string; readonly emergency: boolean };
export type Approvers = (environment: EnvironmentId) => Promise<readonly Approver[]>;

type Driving = {
  readonly place: Place;
  readonly engine: Engine;
  readonly store: Store;
  readonly approvers: Approvers;
};

const OPEN: readonly RunStatus[] = ["queued", "running", "waiting"];
/** A commit tells of everything that moves; this is for what ends without one, in ms. */
const LOOK_MS = 500;

/**
 * Drives all that is open to its end. What waits when nothing is under way any more waits for something that this job cannot bring: its gate is decided by whoever GitHub says has let it pass,
 * and everything else ends, with the reason for which it waited. Resolves to these reasons, by run and step.
 */
export async function drive({ place, engine, store, approvers }: Driving): Promise<ReadonlyMap<string, Reason>> {
  const { interrupted } = place.host;
  const stuck = new Map<string, Reason>();
  const decided = new Set<string>();
  const cancelled = new Set<string>();
  for (;;) {
    const moved = nextCommit(engine, place);
    const open = await openRuns(store);
    if (interrupted.aborted) await cancelAll(engine, open, cancelled, place, "the job was cancelled", true);
    if (await engine.quiet()) {
      const left = await openRuns(store);
      if (left.length === 0) return stuck;
      if (!(await decideGates(place, engine, left, approvers, decided))) {
        for (const run of left)
          for (const step of await store.steps(run.id))
            if (step.status === "waiting" && step.reason) stuck.set(`${run.id}/${step.id}`, step.reason);
        await cancelAll(engine, left, cancelled, place, "this job cannot bring what it waits for", false);
      }
    }
    await moved;
  }
}

/** Resolves at the next commit, when the job is cancelled, and after a while. Listens from now on, so that nothing between two looks is missed. */
function nextCommit(engine: Engine, { host: { interrupted, wait } }: Place): Promise<void> {
  const done = new AbortController();
  const off = engine.onCommit(() => done.abort());
  const end = (): void => done.abort();
  if (!interrupted.aborted) interrupted.addEventListener("abort", end);
  return wait(LOOK_MS, done.signal)
    .catch(() => {})
    .finally(() => {
      off();
      interrupted.removeEventListener("abort", end);
    });
}

const openRuns = async (store: Store): Promise<readonly RunRow[]> =>
  (await store.runs({ status: OPEN }, { limit: 100, cursor: null })).items.filter((run) => !runEnded(run.status));

async function cancelAll(
  engine: Engine,
  runs: readonly RunRow[],
  cancelled: Set<string>,
  { inputs }: Place,
  reason: string,
  now: boolean,
): Promise<void> {
  for (const { id } of runs) {
    if (cancelled.has(`${id} ${now}`)) continue;
    cancelled.add(`${id} ${now}`);
    await engine.cancel(id, { now, reason }, { name: inputs.actor });
  }
}

/** Whether a decision was made that was not made before. */
async function decideGates(
  { inputs }: Place,
  engine: Engine,
  runs: readonly RunRow[],
  approvers: Approvers,
  decided: Set<string>,
): Promise<boolean> {
  let any = false;
  for (const gate of await engine.approvals()) {
    const run = runs.find(({ id }) => id === gate.run);
    if (!run) continue;
    for (const approver of await approvers(gate.environment)) {
      const key = `${approver.by} ${approver.emergency} ${gate.run} ${gate.environment} ${gate.fingerprint}`;
      if (decided.has(key)) continue;
      decided.add(key);
      any = (await approve(engine, gate, approver, inputs.url)) || any;
    }
  }
  return any;
}

async function approve(
  engine: Engine,
  gate: { readonly commit: CommitId; readonly environment: EnvironmentId },
  { by, emergency }: Approver,
  url: string,
): Promise<boolean> {
  const answer = await engine.decide(
    {
      verdict: "approved",
      commit: gate.commit,
      environment: gate.environment,
      comment: url,
      expect: null,
      only: null,
      except: null,
      emergency,
    },
    { name: by },
  );
  return answer.ok;
}
