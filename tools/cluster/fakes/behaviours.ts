/**
 * How a fake pod behaves, and what its containers write. A pod is `ready` at once unless its annotation `fake/pod` names another,
 * or a word of the last element of an image's path does (`team/web:2.0-crash`, `team/web-crash@sha256:…`); `fake/ready-after: 20s` makes it `slow`.
 * A pod that a Job owns, or whose restart policy is not Always, ends after a second; `ready` and `slow` with success.
 */
export const BEHAVIOURS = {
  ready: ["starting", "listening on :8080"],
  /** Runs, and is ready after 5 s or what the annotation `fake/ready-after` says. */
  slow: ["starting", "warming up the cache", "listening on :8080"],
  /** Runs and never gets ready: its probe answers 503. */
  broken: ["starting", "listening on :8080", "health: upstream ledger answers 401, not serving"],
  /** Ends with 1 right after each start, with longer pauses each time. */
  crash: ["starting", "connecting to postgres://ledger:5432", "fatal: cannot reach the database"],
  /** As `crash`, killed by the kernel. */
  oom: ["starting", "loading 4 GiB of prices"],
  /** Crashes twice, then it is ready. */
  flaky: ["starting", "fatal: the lock is held by another instance"],
  /** Its image does not exist. */
  nopull: [],
  /** Its ConfigMap does not exist. */
  noconfig: [],
  /** Ready, and in a Job it never ends. */
  hang: ["starting", "waiting for the lock of migration 0042"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Behaviour = keyof typeof BEHAVIOURS;
