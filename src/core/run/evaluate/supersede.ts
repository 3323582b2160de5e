import type { CommitId, TargetId } from "../../config/config.ts";
import type { Member } from "../../plan/plan.ts";
import { approvedBy, voidFor } from "../approvals.ts";
import type { Draft } from "../draft.ts";
import type { StepRow } from "../rows.ts";
import { type Verdict, waiting } from "../steps.ts";

/**
 * Section 5: a newer release that has reached a target takes the place of an older one that has not begun in that environment. What has
 * begun there finishes; what is decided yields only to what is decided too; what is still on its way takes nobody's place.
 */
export function supersededBy(d: Draft, row: StepRow, member: Member): Verdict {
  const policy = d.plan(row.run).plan.environments[member.environment];
  if (policy?.superseding !== "supersede" || policy.order === "any" || d.lane(row.run, member.environment).begun > 0) return "go";
  for (const run of d.bringers(member.target)) {
    const other = d.member(run, member.target);
    if (run === row.run || d.runOf(run).kind !== "deploy" || other.commit === member.commit) continue;
    if (d.step(run, `deploy:${member.target}`)?.reached !== true) continue;
    const relation = d.relations(other.commit, member.commit);
    if (!relation) {
      d.ask(other.commit, member.commit);
      return waiting({ code: "comparing", release: other.commit, live: member.commit });
    }
    if (relation.order !== "behind") continue;
    if (policy.approval && approvedBy(d, row.run, member) && !decided(d, run, other)) continue;
    return { status: "superseded", reason: { code: "superseded", run, commit: other.commit } };
  }
  return "go";
}

/** What has started was decided. */
function decided(d: Draft, run: string, member: Member): boolean {
  return d.stepOf(run, `deploy:${member.target}`).attempt !== null || approvedBy(d, run, member) !== null;
}

/** The decisions on a superseded step die with it, unless another run brings that commit there. */
export function forgetDecisions(d: Draft, row: StepRow, target: TargetId, commit: CommitId, by: string): void {
  const others = d.bringers(target).some((run) => run !== row.run && d.member(run, target).commit === commit);
  if (!others) voidFor(d, commit, target, `superseded by run ${by}`);
}
