import { explain } from "../../contract/explain.ts";
import type { TargetId } from "../../core/config/config.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { Reason } from "../../core/run/reason.ts";
import type { RunRow, StepRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";

/** What became of one member, in words for a person; `ok`: the job has done what it was to do for it. */
export type MemberOutcome = {
  readonly service: string;
  readonly commit: string;
  readonly ok: boolean;
  readonly words: string;
  readonly url: string | null;
  /** Nobody can tell what is there: a person has to say. */
  readonly inDoubt: boolean;
};

/** What ends a doubt that no driver can. */
export const settleHint = (target: TargetId): string =>
  `Look at it, then say from your own terminal: sluice github settle ${target} --applied --reason "…", or --not-applied`;

/** Ends of which nothing has to be done any more: it is there, or something newer is. */
const FINE: ReadonlySet<Reason["code"]> = new Set(["already-live", "newer-is-live", "already-there", "superseded", "pinned", "not-needed"]);

export async function outcomesOf(
  store: Store,
  run: RunRow,
  plan: Plan,
  stuck: ReadonlyMap<string, Reason>,
): Promise<readonly MemberOutcome[]> {
  const steps = await store.steps(run.id);
  const targets = new Map((await store.targets({}, { limit: 5_000, cursor: null })).items.map((row) => [row.id, row]));
  return Object.values(plan.members).map(({ target, service, commit }) => {
    const own = steps.filter(({ id }) => id.endsWith(`:${target}`));
    const bad = own.find((step) => step.status !== "succeeded" && !isFine(step));
    const url = targets.get(target)?.url ?? null;
    const inDoubt = (targets.get(target)?.unknown ?? null) !== null;
    if (!bad) {
      const skipped = own.find((step) => step.status !== "succeeded");
      return {
        service,
        commit,
        ok: true,
        inDoubt,
        url,
        words: skipped ? wordsOf(skipped, run, skipped.reason) : run.kind === "rollback" ? "rolled back" : "deployed",
      };
    }
    const reason = stuck.get(`${run.id}/${bad.id}`) ?? bad.reason;
    // what has failed before it says why
    const before = reason?.code === "step-ended" ? steps.find(({ id }) => id === reason.step) : undefined;
    const because = before ? `; ${before.id} ${wordsOf(before, run, before.reason)}` : "";
    return { service, commit, ok: false, inDoubt, url, words: `${wordsOf(bad, run, reason)}${because}` };
  });
}

const isFine = ({ status, reason }: StepRow): boolean =>
  (status === "skipped" || status === "superseded") && reason !== null && FINE.has(reason.code);

function wordsOf(step: StepRow, run: RunRow, reason: Reason | null): string {
  const target = step.id.slice(step.id.indexOf(":") + 1);
  const why = reason === null ? "" : `: ${explain(reason, { run: run.id, kind: run.kind, commit: run.commit, target }).message}`;
  return `${step.status === "skipped" ? "left as it is" : `${step.id.split(":")[0]} ${step.status === "cancelled" && reason?.code !== "cancelled" ? "refused" : step.status}`}${why}`;
}
