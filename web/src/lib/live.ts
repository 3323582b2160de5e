import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Schemas } from "../../../src/contract/client.ts";
import { renewSession } from "./api.ts";
import { eventTypes } from "./events.ts";
import { concernsApprovals, concernsWaiting, patchEnvironments, patchRun, patchRuns, patchTargets } from "./patches.ts";
import { keys } from "./queries.ts";
import { type Patch, recent } from "./recent.ts";

type StreamEvent = Schemas["StreamEvent"];
export type LiveState = "connecting" | "live" | "reconnecting";

/** Time until a stream that the server refused is asked for again, in milliseconds. */
const RETRY = 2_000;
/** Least time between two looks at lists that events do not tell whole, in milliseconds. */
const LOOK_AGAIN = 300;
/** A hidden page draws no frames. */
const HIDDEN = 500;

/** The tab's one connection to the stream of events. Events are put into the cache once a frame, however many there are. */
export class Live {
  readonly #cache: QueryClient;
  readonly #listeners = new Set<() => void>();
  readonly #stale = new Set<readonly string[]>();
  #state: LiveState = "connecting";
  #source: EventSource | null = null;
  #last: number | null = null;
  #queue: StreamEvent[] = [];
  #scheduled = false;
  #looking = false;

  constructor(cache: QueryClient) {
    this.#cache = cache;
  }

  /** Connects, or connects anew: after a login the stream is another one. */
  connect(): void {
    this.#source?.close();
    const after = this.#last === null ? "" : `?after=${this.#last}`;
    const source = new EventSource(`/api/v1/events${after}`);
    this.#source = source;
    source.addEventListener("hello", (message) => this.#hello(JSON.parse(message.data) as Schemas["Hello"]));
    for (const type of eventTypes) source.addEventListener(type, (message) => this.#receive(JSON.parse(message.data) as StreamEvent));
    source.addEventListener("error", () => {
      this.#setState("reconnecting");
      // The browser tries again by itself, except where it was answered something else than a stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#source === source && this.connect(), RETRY);
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly state = (): LiveState => this.#state;

  #setState(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #hello(hello: Schemas["Hello"]): void {
    // What was fetched before the first stream began may have missed something in between.
    if (this.#last === null || hello.reset) void this.#cache.invalidateQueries();
    // It may be another process than before, which knows no session of this page.
    if (this.#state === "reconnecting") renewSession().catch(() => {});
    this.#last = hello.after;
    this.#setState("live");
  }

  #receive(event: StreamEvent): void {
    this.#last = event.seq;
    this.#queue.push(event);
    recent.add(event.changes);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (document.hidden) setTimeout(this.#flush, HIDDEN);
    else requestAnimationFrame(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const events = this.#queue;
    this.#queue = [];
    const changes = events.flatMap((event) => event.changes);
    applyChanges(this.#cache, changes);
    for (const key of staleKeys(this.#cache, events, changes)) this.#stale.add(key);
    this.#lookAgain();
  };

  /** Lists that must be asked for again: at once where they were not just now, so that a burst of events asks seldom. */
  #lookAgain(): void {
    if (this.#looking || this.#stale.size === 0) return;
    this.#looking = true;
    for (const queryKey of this.#stale) void this.#cache.invalidateQueries({ queryKey });
    this.#stale.clear();
    setTimeout(() => {
      this.#looking = false;
      this.#lookAgain();
    }, LOOK_AGAIN);
  }
}

type WaitingPages = InfiniteData<Schemas["WaitingPage"], string>;
type RunPages = InfiniteData<Schemas["RunPage"], string>;

/** What nothing concerns is not set anew: that would make a list look up to date which is to be asked for again when it is shown next. */
function applyChanges(cache: QueryClient, changes: readonly Patch[]): void {
  const patched =
    <T>(patch: (data: T, changes: readonly Patch[]) => T) =>
    (data: T | undefined): T | undefined => {
      const next = data && patch(data, changes);
      return next === data ? undefined : next;
    };
  cache.setQueryData(keys.targets, patched(patchTargets));
  cache.setQueryData(keys.environments, patched(patchEnvironments));
  cache.setQueryData(keys.openRuns, patched(patchRuns));
  cache.setQueriesData({ queryKey: keys.run }, patched(patchRun));
  cache.setQueriesData({ queryKey: keys.runs }, patched(patchPages));
}

function patchPages(data: RunPages, changes: readonly Patch[]): RunPages {
  const pages = data.pages.map((page) => {
    const items = patchRuns(page.items, changes);
    return items === page.items ? page : { ...page, items };
  });
  return pages.every((page, index) => page === data.pages[index]) ? data : { ...data, pages };
}

/** Lists whose members follow from more than the rows that the events tell. */
function staleKeys(cache: QueryClient, events: readonly StreamEvent[], changes: readonly Patch[]): readonly (readonly string[])[] {
  const stale: (readonly string[])[] = [];
  const asked = cache.getQueryData<readonly Schemas["PendingApproval"][]>(keys.approvals) ?? [];
  const members = new Set(asked.flatMap((each) => each.members));
  if (events.some((event) => concernsApprovals(event.type, event.changes, members))) stale.push(keys.approvals);
  const waits = cache.getQueryData<WaitingPages>(keys.waiting)?.pages.flatMap((page) => page.items) ?? [];
  if (concernsWaiting(changes, new Set(waits.map(({ run, step }) => `${run} ${step}`)))) stale.push(keys.waiting);
  // Which runs a list holds depends on their status, and a new one is on none yet.
  if (changes.some((change) => change.table === "run")) stale.push(keys.openRuns, keys.runs, keys.snapshots);
  const known = new Set(cache.getQueryData<readonly Schemas["Environment"][]>(keys.environments)?.map(({ id }) => id));
  if (changes.some((change) => change.table === "environment" && !known.has(change.row.id))) stale.push(keys.environments);
  return stale;
}

export const useLiveState = (live: Live): LiveState => useSyncExternalStore(live.subscribe, live.state);
