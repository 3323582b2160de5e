import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type Identity } from "../../src/host/processes.ts";
import { findPrograms, needPrograms, type Say } from "./build.ts";
import { writeFakes } from "./fakes/index.ts";
import { withLock } from "./lock.ts";
import {
  CLIENTS,
  CONTROL_PLANE,
  kubeconfigOf,
  namePorts,
  PARTS,
  PORT_COUNT,
  registryConfig,
  registryServing,
  serverOf,
  type Part,
} from "./parts.ts";
import { clustersDirectory, ClusterError, directoryOf } from "./places.ts";
import { freePorts } from "./ports.ts";
import { endProcesses, memoryOf, startProcess } from "./processes.ts";
import { fill, untilApiServes, untilNodesServe, untilRegistryServes } from "./serving.ts";
import { isAbandoned, listClusters, readState, writeState, type State } from "./state.ts";

/** `nodes`: how many fake nodes a new cluster gets, 3 unless told. `owner`: the process by whose end the cluster is abandoned. */
export type UpOptions = { readonly nodes?: number; readonly registry?: boolean; readonly owner?: Identity };

/** How to reach a cluster that serves. */
export type Reach = {
  readonly name: string;
  readonly server: string;
  readonly kubeconfig: string;
  readonly context: string;
  /** What leads to helm, helm3 and kubectl on a `PATH`. */
  readonly path: string;
  /** `host:port` of an image registry by plain HTTP; null where it was not asked for. */
  readonly registry: string | null;
};

/** Makes the cluster, or starts again what of it does not run, with its data. Resolves when pods can be placed and run. */
export async function up(name: string, options: UpOptions, say: Say): Promise<Reach> {
  needPrograms();
  return await locked(name, say, async () => {
    const known = readState(name);
    const state = known?.complete === true ? known : await create(name, options);
    try {
      return reach(await serve(state, options.registry ? PARTS : CONTROL_PLANE));
    } catch (error) {
      // It is made anew next time; what its parts have said stays to be read.
      if (!state.complete) await endProcesses(directoryOf(name), identitiesOf(readState(name)));
      throw error;
    }
  });
}

/** Ends everything of the cluster and drops its data. False where there was none. */
export async function down(name: string, say: Say): Promise<boolean> {
  const directory = directoryOf(name);
  return await locked(name, say, async () => {
    const there = existsSync(directory);
    const state = readState(name);
    await endProcesses(directory, identitiesOf(state));
    rmSync(directory, { recursive: true, force: true });
    // A name that was for one process does not come again; another's lock must stay what all hold on to.
    if (state?.owner != null) rmSync(lockOf(name), { force: true });
    return there;
  });
}

/** Kills a part as by `kill -9`; its data and its port stay. */
export async function stopPart(name: string, part: Part): Promise<void> {
  await locked(name, quiet, async () => {
    await end(needState(name), part);
  });
}

/** Starts a part that does not run; with the API server, its own clients anew. Resolves when it answers, where it is one that is asked. */
export async function startPart(name: string, part: Part): Promise<Reach> {
  return await locked(name, quiet, async () => {
    let state = run(withLiving(needState(name)), part);
    if (part === "registry") await untilRegistryServes(state);
    if (part === "kube-apiserver") {
      await untilApiServes(state);
      // Those that lived through it ask again after ever longer pauses, up to a minute; where leaders are elected, they would have ended.
      for (const client of CLIENTS.filter((one) => living(state, one) !== null)) state = run(await end(state, client), client);
    }
    return reach(state);
  });
}

/** A part that does not run has no `pid`; `memory` in MiB. */
type PartStatus = { readonly part: Part; readonly pid: number | null; readonly memory: number };

/** Null where there is no such cluster. */
export function statusOf(
  name: string,
): { readonly reach: Reach; readonly parts: readonly PartStatus[]; readonly abandoned: boolean } | null {
  const state = readState(name);
  if (state === null) return null;
  const expected = PARTS.filter((part) => part !== "registry" || state.parts.registry !== undefined);
  const parts = expected.map((part) => {
    const identity = living(state, part);
    return { part, pid: identity?.pid ?? null, memory: identity === null ? 0 : memoryOf(identity) };
  });
  return { reach: reach(state), parts, abandoned: isAbandoned(state) };
}

/** Drops the clusters whose owner has ended. */
export async function sweep(say: Say): Promise<void> {
  for (const name of listClusters()) {
    const state = readState(name);
    if (state !== null && isAbandoned(state)) await down(name, say);
  }
}

async function create(name: string, { nodes = 3, owner }: UpOptions): Promise<State> {
  const directory = directoryOf(name);
  await endProcesses(directory, identitiesOf(readState(name)));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const taken = new Set(listClusters().flatMap((other) => Object.values(readState(other)?.ports ?? {})));
  const ports = namePorts(await freePorts(PORT_COUNT, taken));
  const state = { name, ports, nodes, owner: owner ?? null, complete: false, parts: {} };
  writeState(state);
  execFileSync(needPrograms().cluster, ["credentials", join(directory, "pki"), serverOf(ports), contextOf(name)]);
  writeFileSync(registryConfig(directory), registryServing(join(directory, "registry"), ports.registry, null));
  return state;
}

/** Starts what of the parts does not live, in their order, and waits until all serve. */
async function serve(begun: State, wanted: readonly Part[]): Promise<State> {
  let state = withLiving(begun);
  // An older Sluice may have begun it, whose pods behaved otherwise.
  if (writeFakes(directoryOf(state.name))) state = await end(state, "kwok");
  const first: readonly Part[] = ["etcd", "kube-apiserver"];
  for (const part of first) state = run(state, part);
  await untilApiServes(state);
  if (!state.complete) await fill(state);
  // The others give up where no API server answers.
  for (const part of wanted) state = run(state, part);
  await untilNodesServe(state);
  if (wanted.includes("registry")) await untilRegistryServes(state);
  state = { ...state, complete: true };
  writeState(state);
  return state;
}

async function end(state: State, part: Part): Promise<State> {
  const { [part]: identity, ...parts } = state.parts;
  await endProcesses(directoryOf(state.name), identity === undefined ? [] : [identity], part);
  const next = { ...state, parts };
  writeState(next);
  return next;
}

/** Starts the part where it does not live. */
function run(state: State, part: Part): State {
  if (living(state, part) !== null) return state;
  const next = { ...state, parts: { ...state.parts, [part]: startProcess(directoryOf(state.name), state.ports, part) } };
  writeState(next);
  return next;
}

/** Without the parts that have died: who waits for others must not take it for news. */
function withLiving(state: State): State {
  return {
    ...state,
    parts: Object.fromEntries(PARTS.flatMap((part) => (living(state, part) === null ? [] : [[part, state.parts[part]]]))),
  };
}

function living(state: State, part: Part): Identity | null {
  const identity = state.parts[part];
  return identity !== undefined && isAlive(identity) ? identity : null;
}

const lockOf = (name: string): string => join(clustersDirectory(), `${name}.lock`);
const contextOf = (name: string): string => `sluice-${name}`;

function reach(state: State): Reach {
  return {
    name: state.name,
    server: serverOf(state.ports),
    kubeconfig: kubeconfigOf(directoryOf(state.name)),
    context: contextOf(state.name),
    path: findPrograms()?.path ?? "",
    registry: living(state, "registry") === null ? null : `127.0.0.1:${state.ports.registry}`,
  };
}

const quiet: Say = () => {};

const identitiesOf = (state: Pick<State, "parts"> | null): readonly Identity[] =>
  Object.values(state?.parts ?? {}).filter((identity) => identity !== undefined);

function needState(name: string): State {
  const state = readState(name);
  if (state === null) throw new ClusterError(`there is no cluster ${name}: npm run cluster -- up ${name}`);
  return state;
}

async function locked<T>(name: string, say: Say, work: () => Promise<T>): Promise<T> {
  directoryOf(name); // throws where the name is none
  const waiting = (): void => say(`waiting: another process is at the cluster ${name}`);
  return await withLock(lockOf(name), waiting, work);
}
