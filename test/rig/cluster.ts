import { describe, inject, onTestFinished } from "vitest";
import { identify } from "../../src/host/processes.ts";
import { Api } from "../../tools/cluster/api.ts";
import { down, startPart, stopPart, up, type Reach } from "../../tools/cluster/cluster.ts";
import type { Part } from "../../tools/cluster/parts.ts";
import { Space } from "./space.ts";
import { until } from "./wait.ts";

const offered = inject("cluster");

/** As `describe`, for tests that need a real cluster: skipped where there is none, and what starts the cluster has said why. */
export const describeCluster = "skip" in offered ? describe.skip : describe;

/** The cluster that all tests of this run share. What its tests do to one another they do in namespaces: stop no part of it. */
export function sharedCluster(): TestCluster {
  if ("skip" in offered) throw new Error("inside describeCluster only");
  return new TestCluster(offered);
}

/** A cluster of this test's own, up in about 3 s, to stop parts of; gone when the test has ended. */
export async function ownCluster(): Promise<TestCluster> {
  const cluster = await openCluster();
  onTestFinished(async () => {
    await cluster.close();
  });
  return cluster;
}

let opened = 0;

/** As `ownCluster`, for `beforeAll`: whoever opens it closes it. */
export async function openCluster(): Promise<TestCluster> {
  const owner = identify(process.pid);
  const name = `test-${process.pid}-own-${++opened}`;
  return new TestCluster(await up(name, owner === null ? {} : { owner }, () => {}));
}

export class TestCluster {
  readonly reach: Reach;
  readonly api: Api;

  constructor(reach: Reach) {
    this.reach = reach;
    this.api = new Api(reach);
  }

  /** UID of the namespace kube-system, which tells clusters apart. */
  async uid(): Promise<string> {
    return (await this.#need<{ readonly metadata: { readonly uid: string } }>("/api/v1/namespaces/kube-system")).metadata.uid;
  }

  /** A namespace of this test's own, with clients in it; deleted, without waiting, when the test has ended. */
  async space(): Promise<Space> {
    const space = await this.openSpace();
    onTestFinished(async () => {
      await space.close();
    });
    return space;
  }

  /** As `space`, for `beforeAll`: whoever opens it closes it. */
  async openSpace(): Promise<Space> {
    const { status, text } = await this.api.ask("POST", "/api/v1/namespaces", { metadata: { generateName: "test-" } });
    if (status !== 201) throw new Error(`no namespace: ${status} ${text}`);
    const { name } = (JSON.parse(text) as { readonly metadata: { readonly name: string } }).metadata;
    // Without it no pod can be made.
    await until(() => this.api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), "the namespace's service account");
    return new Space(this, name);
  }

  /** `host:port` of the cluster's image registry, by plain HTTP; started by the first who asks. */
  async registry(): Promise<string> {
    const { registry } = await startPart(this.reach.name, "registry");
    if (registry === null) throw new Error("the registry has ended");
    return registry;
  }

  /** As by `kill -9`; data and port stay. */
  async stop(part: Part): Promise<void> {
    await stopPart(this.reach.name, part);
  }

  /** Resolves when it answers again, for the API server and the registry. */
  async start(part: Part): Promise<void> {
    await startPart(this.reach.name, part);
  }

  async close(): Promise<void> {
    this.api.close();
    await down(this.reach.name, () => {});
  }

  async #need<T>(path: string): Promise<T> {
    const found = await this.api.get<T>(path);
    if (found === null) throw new Error(`the API server has no ${path}`);
    return found;
  }
}
