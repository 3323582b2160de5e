import type { Kysely } from "kysely";
import type { Plan } from "../core/plan/plan.ts";
import type { RunId } from "../core/run/rows.ts";
import { planFrom } from "./plan-json.ts";
import type { Tables } from "./tables.ts";

/** Names of runs that are kept before those are dropped whose plan nobody holds any more. */
const MAX = 1_000;

/** Plans never change: one that somebody holds, as the core holds those of open runs, is not read again. */
export class Plans {
  readonly #held = new Map<RunId, WeakRef<Plan>>();

  async read(db: Kysely<Tables>, run: RunId): Promise<Plan | null> {
    const held = this.#held.get(run)?.deref();
    if (held) return held;
    const row = await db.selectFrom("plan").select("body").where("run", "=", run).executeTakeFirst();
    if (row === undefined) return null;
    const plan = planFrom(row.body);
    this.#hold(run, plan);
    return plan;
  }

  /** One that has just been written; as in the store, the first of a run stays. */
  written(run: RunId, plan: Plan): void {
    if (!this.#held.has(run)) this.#hold(run, plan);
  }

  #hold(run: RunId, plan: Plan): void {
    if (this.#held.size >= MAX) for (const [key, ref] of this.#held) if (!ref.deref()) this.#held.delete(key);
    this.#held.set(run, new WeakRef(plan));
  }
}
