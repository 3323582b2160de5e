import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Api } from "./api.ts";
import { fakeNode, LOGS_KIND } from "./fakes/index.ts";
import { serverOf } from "./parts.ts";
import { ClusterError, directoryOf } from "./places.ts";
import { needAlive } from "./processes.ts";
import type { State } from "./state.ts";

/** A start takes a few seconds; on a machine with much else to do, this many at most. */
const PATIENCE_MS = 180_000;

/** Looks until it holds. Throws as soon as a part of the cluster has died. */
async function until(state: State, what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    needAlive(directoryOf(state.name), state.parts);
    if (performance.now() > deadline) {
      throw new ClusterError(
        `the cluster's ${what} within ${PATIENCE_MS / 1000} s: what its parts say is in ${directoryOf(state.name)}/*.log`,
      );
    }
    await pause(50);
  }
}

export async function untilApiServes(state: State): Promise<void> {
  await asking(state, async (api) => {
    await until(state, "API server did not get ready", async () => (await api.ask("GET", "/readyz")).status === 200);
  });
}

/** Adds what a cluster has that nobody has deployed to. */
export async function fill(state: State): Promise<void> {
  await asking(state, async (api) => {
    await create(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", LOGS_KIND);
    for (let i = 0; i < state.nodes; i++) await create(api, "/api/v1/nodes", fakeNode(i));
  });
}

async function create(api: Api, path: string, object: object): Promise<void> {
  const { status, text } = await api.ask("POST", path, object);
  if (status !== 201 && status !== 409) throw new ClusterError(`the API server refuses a part of the cluster: ${status} ${text}`);
}

type Node = {
  readonly spec: { readonly taints?: readonly object[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

const takesPods = ({ spec, status }: Node): boolean =>
  spec.taints === undefined && status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

/** Until pods can be placed and run: nodes are ready, and the first namespace has its service account. */
export async function untilNodesServe(state: State): Promise<void> {
  await asking(state, async (api) => {
    await until(state, "nodes did not get ready", async () => {
      const nodes = await api.get<{ readonly items: readonly Node[] }>("/api/v1/nodes");
      if (nodes === null || nodes.items.length < state.nodes || !nodes.items.every(takesPods)) return false;
      return (await api.get("/api/v1/namespaces/default/serviceaccounts/default")) !== null;
    });
  });
}

export async function untilRegistryServes(state: State): Promise<void> {
  await until(state, "image registry did not answer", () => answers(`http://127.0.0.1:${state.ports.registry}/v2/`));
}

async function answers(url: string): Promise<boolean> {
  return await new Promise((resolve) => {
    get(url, { timeout: 2000 }, (response) => {
      response.resume();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}

async function asking<T>(state: State, work: (api: Api) => Promise<T>): Promise<T> {
  const api = new Api({ name: state.name, server: serverOf(state.ports) });
  try {
    return await work(api);
  } finally {
    api.close();
  }
}
