import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, expect, it } from "vitest";
import { findMarked, signal } from "../../src/host/processes.ts";
import type { Reach } from "../../tools/cluster/cluster.ts";
import { Api } from "../../tools/cluster/api.ts";
import { directoryOf } from "../../tools/cluster/places.ts";
import { readState } from "../../tools/cluster/state.ts";
import { describeCluster } from "../rig/cluster.ts";
import { until } from "../rig/wait.ts";

const name = `lifecycle-${process.pid}`;
const directory = directoryOf(name);
const processes = () => findMarked({ SLUICE_CLUSTER_DIRECTORY: directory });

const begin = (...args: readonly string[]) => execa(process.execPath, ["tools/cluster/main.ts", ...args], { reject: false });
const up = async (): Promise<Reach> => JSON.parse((await begin("up", name, "--nodes", "1", "--json")).stdout) as Reach;

describeCluster("the life of a cluster", () => {
  afterEach(async () => {
    await begin("down", name);
    rmSync(`${directory}.lock`, { force: true });
  });

  it("is one for all who start it at once, and starts again what of it died, with its data", async () => {
    const [first, second] = await Promise.all([up(), up()]);
    expect(second).toEqual(first);
    expect(processes()).toHaveLength(5);
    const api = new Api(first);
    const made = await api.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "kept" } });
    expect(made.status).toBe(201);
    api.close();

    for (const { pid } of Object.values(readState(name)?.parts ?? {})) signal(pid, "SIGKILL");
    await until(() => (processes().length === 0 ? true : null), "the end of all parts");
    const dead = await begin("status", name);
    expect(dead).toMatchObject({ exitCode: 1 });
    expect(dead.stdout).toContain("kube-apiserver           dead");
    expect(await up()).toEqual(first);
    expect(await new Api(first).get("/api/v1/namespaces/default/configmaps/kept")).not.toBeNull();
    expect(await begin("status", name)).toMatchObject({ exitCode: 0 });
  });

  it("ends when it is told to, also where whoever began it was killed and nothing is noted", async () => {
    const begun = begin("up", name);
    await until(() => (processes().length >= 2 ? true : null), "its first parts");
    begun.kill("SIGKILL");
    await begun;
    rmSync(join(directory, "state.json"));
    expect(processes().length).toBeGreaterThanOrEqual(2);
    expect(await begin("down", name)).toMatchObject({ exitCode: 0 });
    expect(processes()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });
});
