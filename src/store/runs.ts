import type { Kysely } from "kysely";
import type { Plan } from "../core/plan/plan.ts";
import type * as rows from "../core/run/rows.ts";
import type { Page, PageRequest, Store } from "../engine/ports/store.ts";
import { pageOf, rowsToAsk, startOf } from "./page.ts";
import type { Plans } from "./plans.ts";
import type { Tables } from "./tables.ts";

/** Reads of a run and what belongs to it. What a port's method says holds here. */
export class RunReader implements Pick<Store, "run" | "plan" | "runs" | "steps" | "attempts" | "attempt" | "renders"> {
  readonly #db: Kysely<Tables>;
  readonly #plans: Plans;

  constructor(db: Kysely<Tables>, plans: Plans) {
    this.#db = db;
    this.#plans = plans;
  }

  async run(id: string): Promise<rows.RunRow | null> {
    return parsed(await this.#db.selectFrom("run").select("body").where("id", "=", id).executeTakeFirst());
  }

  async plan(run: string): Promise<Plan | null> {
    return this.#plans.read(this.#db, run);
  }

  /** Newest first, in the order of admission. */
  async runs(filter: Parameters<Store["runs"]>[0], page: PageRequest): Promise<Page<rows.RunRow>> {
    const start = startOf<number>(page, "number");
    let query = this.#db.selectFrom("run").select(["n", "body"]).orderBy("n", "desc").limit(rowsToAsk(page));
    if (filter.status) query = query.where("status", "in", filter.status);
    if (filter.commit !== undefined) query = query.where("commit_id", "=", filter.commit);
    if (filter.kind) query = query.where("kind", "=", filter.kind);
    if (start !== null) query = query.where("n", "<", start);
    return pageOf(
      await query.execute(),
      page,
      (row) => row.n,
      (row) => JSON.parse(row.body) as rows.RunRow,
    );
  }

  /** In the order of the plan, which is the one in which the core wrote them first. */
  async steps(run: string): Promise<readonly rows.StepRow[]> {
    return all(await this.#db.selectFrom("step").select("body").where("run", "=", run).orderBy("n").execute());
  }

  /** In the order of their start. */
  async attempts(run: string): Promise<readonly rows.AttemptRow[]> {
    const named = this.#db.selectFrom("step").select("attempt").where("run", "=", run).where("attempt", "is not", null);
    const query = this.#db
      .selectFrom("attempt")
      .select("body")
      .where((where) => where.or([where("run", "=", run), where("id", "in", named)]));
    return all(await query.orderBy("n").execute());
  }

  async attempt(id: string): Promise<rows.AttemptRow | null> {
    return parsed(await this.#db.selectFrom("attempt").select("body").where("id", "=", id).executeTakeFirst());
  }

  async renders(run: string): Promise<readonly rows.RenderRow[]> {
    return all(await this.#db.selectFrom("render").select("body").where("run", "=", run).orderBy("target").execute());
  }
}

/** The row in a `body`; null where none was found. */
export const parsed = <T>(row: { readonly body: string } | undefined): T | null => (row === undefined ? null : (JSON.parse(row.body) as T));
export const all = <T>(found: readonly { readonly body: string }[]): T[] => found.map((row) => JSON.parse(row.body) as T);
