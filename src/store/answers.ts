import type { Kysely } from "kysely";
import type { Time } from "../core/run/rows.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

/** How long an answer is kept for a request that is sent again, in ms. */
export const ANSWER_KEPT_MS = 7 * 24 * 3_600_000;

export type KeptAnswer = { readonly request: string; readonly status: number; readonly body: string };

/** Answers by idempotency key, so that a request that is sent again does nothing again. */
export class AnswerBook {
  readonly #db: Kysely<Tables>;
  readonly #database: NodeSqlite;

  constructor(db: Kysely<Tables>, database: NodeSqlite) {
    this.#db = db;
    this.#database = database;
  }

  async find(key: string): Promise<KeptAnswer | null> {
    return (await this.#db.selectFrom("answer").select(["request", "status", "body"]).where("key", "=", key).executeTakeFirst()) ?? null;
  }

  /** The first answer to a key stays. Runs inside the owner's transaction. */
  remember(key: string, answer: KeptAnswer, at: Time): void {
    this.#database.prepare("delete from answer where at < ?").run([at - ANSWER_KEPT_MS]);
    this.#database
      .prepare("insert into answer (key, request, status, body, at) values (?, ?, ?, ?, ?) on conflict (key) do nothing")
      .run([key, answer.request, answer.status, answer.body, at]);
  }
}
