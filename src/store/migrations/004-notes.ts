import type { Migration } from "./index.ts";

/** What adapters such as GitHub's keep beside the log: how far they have come, and what they still owe somebody. */
export const notes: Migration = {
  name: "notes",
  sql: "create table note (key text primary key, body text not null) strict, without rowid;",
};
