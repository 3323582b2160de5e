import type { WaitingGate } from "../../contract/gates.ts";
import type { CommitId } from "../../core/config/config.ts";
import { WORKFLOW_FILES, WORKFLOWS_FOLDER } from "../../core/config/github.ts";
import type { Forge, WorkflowRun } from "../forge.ts";
import { gateFor } from "./names.ts";

/** Requests under way at once. */
const AT_ONCE = 8;

/** `unclear`: which may be about that commit, and are left to people. */
export type Waiting = { readonly gates: readonly WaitingGate[]; readonly unclear: readonly Unclear[] };
export type Unclear = { readonly run: WorkflowRun; readonly why: string };
type Asked = {
  readonly commit: CommitId;
  /** Only of these; null: all. */
  readonly environments: readonly string[] | null;
  /** Whose workflow files are those that were reviewed: the default one, and the one whose pushes deploy. */
  readonly branches: readonly string[];
};

/** Every gate that waits for a commit, over all runs of the repository. Rejects where one of them cannot be looked at: what is left out would look approved. */
export async function waitingGates(forge: Forge, { commit, environments, branches }: Asked): Promise<Waiting> {
  const about = commitOf(forge);
  const open = await forge.openRuns(null);
  const looked = await eachOf(open, async (run) => {
    const its = await about(run);
    if (its !== null && its !== commit) return { gates: [], unclear: [] };
    const gates = (await gatesOf(forge, run)).filter(({ environment }) => environments?.includes(environment) ?? true);
    const why = its === null ? unclearOf(run) : strangeness(run, branches);
    if (why === null) return { gates, unclear: [] };
    return { gates: [], unclear: gates.length > 0 ? [{ run, why }] : [] };
  });
  const all = { gates: looked.flatMap(({ gates }) => gates), unclear: looked.flatMap(({ unclear }) => unclear) };
  return { ...all, gates: all.gates.toSorted((a, b) => a.startedAt - b.startedAt || a.run - b.run) };
}

const unclearOf = (run: WorkflowRun): string =>
  isRollback(run)
    ? "it is a rollback, which is of no commit"
    : "which commit it deploys cannot be told: a branch or a tag may have moved since it has begun";

/** Why a run of that commit need not do what the generated files do with it; null: it is one of theirs. */
export function strangeness(run: WorkflowRun, branches: readonly string[]): string | null {
  const file = fileOf(run);
  if (!run.path.startsWith(`${WORKFLOWS_FOLDER}/`) || !/^deploy-[^/]+\.yml$/.test(file))
    return `${run.path} is none of the generated files`;
  return branches.includes(run.branch)
    ? null
    : `its workflow is that of the branch ${run.branch || "of nobody"}, which nobody need have reviewed`;
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
 * Which commit a run deploys, where that is certain. A push's is the one that GitHub names. A run that was started by hand is under the head of its branch, whatever commit it was given:
 * the last word of its title, which the generated workflows end with it (`run-name`), says that where it is an id; a branch or a tag may have moved since the run has read it. A rollback is given none.
 */
function commitOf(forge: Pick<Forge, "commit">): (run: WorkflowRun) => Promise<CommitId | null> {
  const known = new Map<string, Promise<CommitId | null>>();
  return async (run) => {
    if (isRollback(run)) return null;
    if (run.event !== "workflow_dispatch") return run.commit;
    const word = run.title.trim().split(/\s+/).at(-1) ?? "";
    if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(word)) return word;
    if (!/^[0-9a-f]{7,63}$/.test(word)) return null;
    const asked = known.get(word) ?? forge.commit(word);
    known.set(word, asked);
    // A tag may be called like an id that is another commit's.
    const commit = await asked;
    return commit?.startsWith(word) ? commit : null;
  };
}

/** The same of a run that a server may let pass by itself: that of a push, or of a start by hand. */
export const certainCommitOf = async (forge: Pick<Forge, "commit">, run: WorkflowRun): Promise<CommitId | null> =>
  run.event === "push" || run.event === "workflow_dispatch" ? await commitOf(forge)(run) : null;

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
