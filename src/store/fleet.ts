import type { Kysely } from "kysely";
import type { CommitId, Digest, EnvironmentId, TargetId } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import type * as rows from "../core/run/rows.ts";
import type { Page, PageRequest, Store } from "../engine/ports/store.ts";
import { NeedListReader } from "./need-lists.ts";
import { pageOf, rowsToAsk, startOf } from "./page.ts";
import { all, parsed } from "./runs.ts";
import { wholeSnapshots } from "./snapshots.ts";
import type { Tables } from "./tables.ts";

/** Reads of targets, environments and what was recorded about them. What a port's method says holds here. */
export class FleetReader implements Pick<
  Store,
  "targets" | "environments" | "decisions" | "snapshots" | "snapshot" | "ledger" | "definition" | "goodTargets" | "builds" | "relation"
> {
  readonly #db: Kysely<Tables>;
  readonly #lists: NeedListReader;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
    this.#lists = new NeedListReader(db);
  }

  /** By id. */
  async targets(filter: Parameters<Store["targets"]>[0], page: PageRequest): Promise<Page<rows.TargetRow>> {
    const start = startOf<string>(page, "string");
    let query = this.#db.selectFrom("target").select(["id", "body"]).orderBy("id").limit(rowsToAsk(page));
    if (filter.environment !== undefined) query = query.where("environment", "=", filter.environment);
    if (filter.service !== undefined) query = query.where("service", "=", filter.service);
    if (start !== null) query = query.where("id", ">", start);
    const { items, next } = pageOf(
      await query.execute(),
      page,
      (row) => row.id,
      (row) => row.body,
    );
    return { items: await this.#lists.targets(items), next };
  }

  /** In the order in which they were first met. */
  async environments(): Promise<readonly rows.EnvironmentRow[]> {
    return all(await this.#db.selectFrom("environment").select("body").orderBy("n").execute());
  }

  /** Oldest first. */
  async decisions(filter: Parameters<Store["decisions"]>[0]): Promise<readonly rows.DecisionRow[]> {
    let query = this.#db.selectFrom("decision").select("body").orderBy("n");
    if (filter.commit !== undefined) query = query.where("commit_id", "=", filter.commit);
    if (filter.environment !== undefined) query = query.where("environment", "=", filter.environment);
    return all(await query.execute());
  }

  /** Newest first. */
  async snapshots(environment: EnvironmentId, page: PageRequest): Promise<Page<rows.SnapshotRow>> {
    const start = startOf<number>(page, "number");
    let query = this.#db
      .selectFrom("snapshot")
      .select(["seq", "body"])
      .where("environment", "=", environment)
      .orderBy("seq", "desc")
      .limit(rowsToAsk(page));
    if (start !== null) query = query.where("seq", "<", start);
    const { items, next } = pageOf(
      await query.execute(),
      page,
      (row) => row.seq,
      (row) => row.body,
    );
    return { items: await wholeSnapshots(this.#db, this.#lists, items), next };
  }

  async snapshot(id: string): Promise<rows.SnapshotRow | null> {
    const found = await this.#db.selectFrom("snapshot").select("body").where("id", "=", id).execute();
    const [row] = await wholeSnapshots(
      this.#db,
      this.#lists,
      found.map(({ body }) => body),
    );
    return row ?? null;
  }

  /** Newest first. */
  async ledger(target: TargetId, page: PageRequest): Promise<Page<rows.LedgerRow>> {
    const start = startOf<number>(page, "number");
    let query = this.#db
      .selectFrom("ledger")
      .select(["seq", "body"])
      .where("target", "=", target)
      .orderBy("seq", "desc")
      .limit(rowsToAsk(page));
    if (start !== null) query = query.where("seq", "<", start);
    return pageOf(
      await query.execute(),
      page,
      (row) => row.seq,
      (row) => JSON.parse(row.body) as rows.LedgerRow,
    );
  }

  async definition(digest: Digest): Promise<Definition | null> {
    return parsed(await this.#db.selectFrom("definition").select("body").where("digest", "=", digest).executeTakeFirst());
  }

  async goodTargets(commit: CommitId): Promise<readonly TargetId[]> {
    const found = await this.#db.selectFrom("good").select("target").where("commit_id", "=", commit).orderBy("target").execute();
    return found.map((row) => row.target as TargetId);
  }

  async builds(commit: CommitId): Promise<readonly rows.BuildRow[]> {
    return all(await this.#db.selectFrom("build").select("body").where("commit_id", "=", commit).orderBy("key").execute());
  }

  async relation(release: CommitId, live: CommitId): Promise<rows.RelationRow | null> {
    return parsed(
      await this.#db.selectFrom("relation").select("body").where("release", "=", release).where("live", "=", live).executeTakeFirst(),
    );
  }
}
