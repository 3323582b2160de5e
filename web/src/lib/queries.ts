import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Schemas } from "../../../src/contract/client.ts";
import { answer, api } from "./api.ts";
import { patchEnvironments, patchRun, patchRuns, patchTargets } from "./patches.ts";
import { type Patch, recent } from "./recent.ts";

/** Largest page that the server gives. */
const PAGE = 500;
const RUNS_PAGE = 50;
/** Open runs whose steps the fleet shows. */
const OPEN_RUNS = 5;
export const OPEN = "queued,running,waiting";

export const keys = {
  environments: ["environments"],
  targets: ["targets"],
  approvals: ["approvals"],
  waiting: ["waiting"],
  openRuns: ["open-runs"],
  runs: ["runs"],
  run: ["run"],
  snapshots: ["snapshots"],
} as const;

/** An answer with what the stream told while it was on its way. */
async function upToDate<T>(fetch: () => Promise<T>, patch: (data: T, changes: readonly Patch[]) => T): Promise<T> {
  const mark = recent.mark();
  return patch(await fetch(), recent.since(mark));
}

export const session = queryOptions({ queryKey: ["session"], queryFn: () => answer(api.GET("/api/v1/session")), staleTime: Infinity });
export const health = queryOptions({ queryKey: ["health"], queryFn: () => answer(api.GET("/api/v1/health")), staleTime: Infinity });

/** How long a look at GitHub's limits is good for, in ms: they change with every request, and nothing tells of it. */
const LIMITS_MS = 30_000;
export const github = queryOptions({
  queryKey: ["github"],
  queryFn: async () => (await answer(api.GET("/api/v1/github"))).connection,
  refetchInterval: LIMITS_MS,
});

export const environments = queryOptions({
  queryKey: keys.environments,
  queryFn: () => upToDate(async () => (await answer(api.GET("/api/v1/environments"))).items, patchEnvironments),
});

export const targets = queryOptions({ queryKey: keys.targets, queryFn: () => upToDate(allTargets, patchTargets) });

async function allTargets(): Promise<readonly Schemas["Target"][]> {
  const all: Schemas["Target"][] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const page: Schemas["TargetPage"] = await answer(api.GET("/api/v1/targets", { params: { query } }));
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

export const approvals = queryOptions({
  queryKey: keys.approvals,
  queryFn: async () => (await answer(api.GET("/api/v1/approvals"))).items,
});

/** Pages of steps that wait, the oldest run first. */
export const waiting = infiniteQueryOptions({
  queryKey: keys.waiting,
  initialPageParam: "",
  queryFn: ({ pageParam }) =>
    answer(api.GET("/api/v1/waiting", { params: { query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
  getNextPageParam: (last) => last.next,
});

export const openRuns = queryOptions({
  queryKey: keys.openRuns,
  queryFn: () =>
    upToDate(
      async () => (await answer(api.GET("/api/v1/runs", { params: { query: { status: OPEN, limit: OPEN_RUNS } } }))).items,
      patchRuns,
    ),
});

/** Pages of runs, the newest first; an empty status means all. */
export const runs = (status: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.runs, status],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answer(
        api.GET("/api/v1/runs", {
          params: { query: { limit: RUNS_PAGE, ...(status ? { status } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (last) => last.next,
  });

export const run = (id: string) =>
  queryOptions({
    queryKey: [...keys.run, id],
    queryFn: () => upToDate(() => answer(api.GET("/api/v1/runs/{id}", { params: { path: { id } } })), patchRun),
  });

export const commit = (id: string) =>
  queryOptions({
    queryKey: ["commit", id],
    queryFn: () => answer(api.GET("/api/v1/commits/{id}", { params: { path: { id } } })),
    staleTime: Infinity,
  });

export const snapshots = (environment: string) =>
  queryOptions({
    queryKey: [...keys.snapshots, environment],
    queryFn: async () => (await answer(api.GET("/api/v1/snapshots", { params: { query: { environment, limit: 50 } } }))).items,
    staleTime: 0,
  });
