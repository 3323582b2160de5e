import type { Draft } from "./draft.ts";
import type { AttemptRow } from "./rows.ts";

/**
 * `onFailure: rollback`: what has failed on a target, and has left something else there than was good last, is to be brought back.
 * Asked once for an attempt, however many runs have joined it.
 */
export function askRestore(d: Draft, attempt: AttemptRow): void {
  const { run, step, target } = attempt;
  if (target === null || d.runOf(run).kind !== "deploy") return;
  const { live, lastGood, environment } = d.target(target);
  if (d.plan(run).plan.environments[environment]?.onFailure !== "rollback" || d.environment(environment).rollback !== null) return;
  if (live === null || lastGood === null || live.entry === lastGood.entry) return;
  d.emit({ type: "rollback.ask", key: `restore:${attempt.id}`, cause: { run, step, target, entry: live.entry } });
}
