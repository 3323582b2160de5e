import type { WaitingGate } from "../../contract/gates.ts";
import type { CommitId } from "../../core/config/config.ts";
import { WORKFLOW_FILES } from "../../core/config/github.ts";
import type { Forge, WorkflowRun } from "../forge.ts";
import { gateFor } from "./names.ts";

/** Requests under way at once. */
const AT_ONCE = 8;

export type Waiting = { readonly gates: readonly WaitingGate[]; readonly unclear: readonly WorkflowRun[] };

/** Every gate that waits for a commit, over all runs of the repository. `environments`: only of these; null: all. Rejects where one of them cannot be looked at: what is left out would look approved. */
export async function waitingGates(forge: Forge, commit: CommitId, environments: readonly string[] | null): Promise<Waiting> {
  const about = commitOf(forge);
  const open = await forge.openRuns(null);
  const looked = await eachOf(open, async (run) => {
    const its = await about(run);
    if (its !== null && its !== commit) return { gates: [], unclear: [] };
    const gates = (await gatesOf(forge, run)).filter(({ environment }) => environments?.includes(environment) ?? true);
    return its === null ? { gates: [], unclear: gates.length > 0 ? [run] : [] } : { gates, unclear: [] };
  });
  const all = { gates: looked.flatMap(({ gates }) => gates), unclear: looked.flatMap(({ unclear }) => unclear) };
  return { ...all, gates: all.gates.toSorted((a, b) => a.startedAt - b.startedAt || a.run - b.run) };
}

async function gatesOf(forge: Forge, run: WorkflowRun): Promise<readonly WaitingGate[]> {
  return (await forge.pendingGates(run.id)).flatMap(({ id, environment: name, mayApprove, reviewers }) => {
    const environment = gateFor(name);
    if (environment === null) return [];
    const { title, url, startedBy, createdAt, name: workflow } = run;
    return [{ run: run.id, workflow, title, url, startedBy, startedAt: createdAt, environment, gate: id, mayApprove, reviewers }];
  });
}

/**
 * Which commit a run deploys. A push's is the one that GitHub names. A run that was started by hand is under the head of its branch, whatever commit it was given:
 * the last word of its title, which the generated workflows end with it (`run-name`), says that; one that is no commit leaves it unclear. A rollback is given none.
 */
export function commitOf(forge: Pick<Forge, "commit">): (run: WorkflowRun) => Promise<CommitId | null> {
  const known = new Map<string, Promise<CommitId | null>>();
  return async (run) => {
    if (run.event !== "workflow_dispatch" || isRollback(run)) return run.commit;
    const word = run.title.trim().split(/\s+/).at(-1) ?? "";
    if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(word)) return word;
    if (!/^[^-\p{Cc}]/u.test(word)) return null;
    const asked = known.get(word) ?? forge.commit(word);
    known.set(word, asked);
    return asked;
  };
}

/** The commit that a run deploys, where that is certain: a push's, or the id at the end of the title of one that was started by hand. null: it cannot be told; a branch or a tag may have moved since the run has read it, and a rollback's commit is nowhere. */
export async function certainCommitOf(forge: Pick<Forge, "commit">, run: WorkflowRun): Promise<CommitId | null> {
  if (isRollback(run)) return null;
  if (run.event === "push") return run.commit;
  const word = run.title.trim().split(/\s+/).at(-1) ?? "";
  if (run.event !== "workflow_dispatch" || !/^[0-9a-f]{7,64}$/.test(word)) return null;
  const commit = await commitOf(forge)(run);
  return commit?.startsWith(word) ? commit : null;
}

/** Started by the workflow that generated files name so. */
export const isRollback = (run: Pick<WorkflowRun, "path">): boolean => fileOf(run) === WORKFLOW_FILES.rollback;

/** Without its folder, and without the ref that may stand behind it. */
export const fileOf = ({ path }: Pick<WorkflowRun, "path">): string => path.split("@")[0]?.split("/").at(-1) ?? "";

/** In the order given, several at once; the first that fails fails all. */
async function eachOf<T, R>(all: readonly T[], work: (each: T) => Promise<R>): Promise<readonly R[]> {
  const done: R[] = Array.from({ length: all.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length) {
      const index = next++;
      done[index] = await work(all[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
  return done;
}
