import type { Kysely } from "kysely";
import type { Note } from "../engine/ports/store.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

/** Texts by key, for adapters. */
export class Notes {
  readonly #db: Kysely<Tables>;
  readonly #database: NodeSqlite;

  constructor(db: Kysely<Tables>, database: NodeSqlite) {
    this.#db = db;
    this.#database = database;
  }

  async one(key: string): Promise<string | null> {
    return (await this.#db.selectFrom("note").select("body").where("key", "=", key).executeTakeFirst())?.body ?? null;
  }

  /** Those whose key begins so, in the order of their keys. */
  all(prefix: string): Promise<readonly Note[]> {
    // what begins with the prefix lies between it and itself with the last character there is behind it
    const after = `${prefix}\u{10ffff}`;
    return this.#db.selectFrom("note").select(["key", "body"]).where("key", ">=", prefix).where("key", "<", after).orderBy("key").execute();
  }

  /** Runs inside the owner's transaction. */
  set(notes: Readonly<Record<string, string | null>>): void {
    for (const [key, body] of Object.entries(notes)) {
      if (body === null) this.#database.prepare("delete from note where key = ?").run([key]);
      else
        this.#database
          .prepare("insert into note (key, body) values (?, ?) on conflict (key) do update set body = excluded.body")
          .run([key, body]);
    }
  }
}
