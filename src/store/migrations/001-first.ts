/** Rows as JSON beside the columns that are asked for. No foreign keys: the core says what belongs together, and a commit is one transaction. */
export const first = {
  name: "first",
  sql: `
    create table owner (id integer primary key check (id = 1), epoch integer not null) strict;
    insert into owner values (1, 0);
    create table meta (id integer primary key check (id = 1), seq integer not null, at integer not null) strict;

    create table run (n integer primary key, id text not null unique, kind text not null, status text not null, commit_id text not null, body text not null) strict;
    create index run_by_status on run (status, n);
    create index run_by_commit on run (commit_id, n);
    create table plan (run text primary key, fingerprint text not null, body text not null) strict;
    create table definition (digest text primary key, body text not null) strict;
    create table step (n integer primary key, run text not null, id text not null, status text not null, attempt text, body text not null, unique (run, id)) strict;
    create table attempt (n integer primary key, id text not null unique, run text not null, ended_at integer, body text not null) strict;
    create index attempt_by_run on attempt (run, n);
    create index attempt_open on attempt (n) where ended_at is null;
    create table render (run text not null, target text not null, body text not null, primary key (run, target)) strict, without rowid;

    create table target (id text primary key, service text not null, environment text not null, body text not null) strict;
    create index target_by_environment on target (environment, id);
    create index target_by_service on target (service, id);
    create table environment (n integer primary key, id text not null unique, body text not null) strict;
    create table decision (n integer primary key, id text not null unique, commit_id text not null, environment text not null, body text not null) strict;
    create index decision_by_commit on decision (commit_id, environment, n);
    create index decision_by_environment on decision (environment, n);

    create table ledger (seq integer primary key, target text not null, commit_id text not null, body text not null) strict;
    create index ledger_by_target on ledger (target, seq);
    create table snapshot (id text primary key, environment text not null, seq integer not null, body text not null) strict;
    create index snapshot_by_environment on snapshot (environment, seq);
    create table relation (release text not null, live text not null, body text not null, primary key (release, live)) strict, without rowid;
    create table build (key text not null, commit_id text not null, body text not null, primary key (key)) strict, without rowid;
    create index build_by_commit on build (commit_id, key);
    create table good (target text not null, commit_id text not null, primary key (commit_id, target)) strict, without rowid;

    create table log (seq integer primary key autoincrement, at integer not null, type text not null, run text, event text not null, changes text not null) strict;
    create table outbox (n integer primary key, key text not null unique, body text not null) strict;
    create table answer (key text primary key, request text not null, status integer not null, body text not null, at integer not null) strict;
    create index answer_by_time on answer (at);
  `,
};
