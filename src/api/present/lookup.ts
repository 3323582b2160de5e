import type { Tier } from "../../core/config/config.ts";
import type { AttemptId, RunId } from "../../core/run/rows.ts";
import type { Control } from "../../engine/control.ts";
import { Memo } from "./memo.ts";

/** What rows lack and never changes: of a run what its plan says, of a definition its tier, of a commit its subject, of an attempt its run. */
export type Lookup = {
  run(id: RunId): Promise<RunFacts | null>;
  tier(definition: string): Promise<Tier | null>;
  subject(commit: string): Promise<string | null>;
  /** The run that an attempt was started for. */
  runOfAttempt(id: AttemptId): Promise<RunId | null>;
};
export type RunFacts = {
  readonly id: RunId;
  readonly kind: "deploy" | "rollback";
  readonly commit: string;
  readonly environments: readonly string[];
  readonly promotion: "wave" | "stream";
};

export function createLookup(control: Pick<Control, "store" | "describe">): Lookup {
  const { store } = control;
  const runs = new Memo<RunFacts>(2_000, async (id) => {
    const plan = await store.plan(id);
    if (!plan) return null;
    // The plan also describes environments that policy wants passed before; the run's are those of its members.
    const held = new Set(Object.values(plan.members).map((member) => member.environment));
    const environments = Object.keys(plan.environments).filter((environment) => held.has(environment));
    return { id, kind: plan.kind, commit: plan.release.commit, environments, promotion: plan.promotion };
  });
  const tiers = new Memo<Tier>(10_000, async (digest) => (await store.definition(digest))?.tier ?? null);
  const subjects = new Memo<string>(1_000, async (commit) => (await control.describe(commit))?.subject ?? null);
  const attempts = new Memo<RunId>(10_000, async (id) => (await store.attempt(id))?.run ?? null);
  return {
    run: (id) => runs.get(id),
    tier: (digest) => tiers.get(digest),
    subject: (commit) => subjects.get(commit),
    runOfAttempt: (id) => attempts.get(id),
  };
}
