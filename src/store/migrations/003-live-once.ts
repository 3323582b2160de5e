import type { Migration } from "./index.ts";

/** Snapshots name what was live by its entry, and each of those is kept once: a thousand services make a snapshot of a megabyte at each run's end, all but a few entries as in the one before. Long lists of needs are kept once too, from now on. */
export const liveOnce: Migration = {
  name: "live once",
  sql: `
    create table live (entry integer primary key, target text not null, body text not null) strict;
    create table need_list (digest text primary key, body text not null) strict, without rowid;
    insert or ignore into live select value ->> '$.entry', key, value from snapshot, json_each(snapshot.body, '$.entries') order by snapshot.seq;
    update snapshot set body = json_set(body, '$.entries', (select json_group_array(value ->> '$.entry') from json_each(snapshot.body, '$.entries')));
  `,
};
