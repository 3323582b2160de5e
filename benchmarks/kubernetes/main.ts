// npm run bench:kubernetes [-- --json]: the same fifty releases by raw helm, helmfile and Sluice, on one cluster, in turns.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { down, up } from "../../tools/cluster/cluster.ts";
import { type Measure, median, print, rounded } from "../measure.ts";
import { makeFleet, type Version } from "./fleet.ts";
import { type Env, hasHelmfile, helmfileUpgrade, rawRollback, rawUpgrade } from "./peers.ts";
import { Sluice } from "./sluice.ts";

const ROUNDS = 3;
const NAMESPACES = ["raw", "helmfile", "sluice", "many"];
const CLUSTER = "bench";

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const seconds = new Map<string, number[]>();

async function timed(name: string, act: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await act();
  const took = (performance.now() - started) / 1000;
  seconds.set(name, [...(seconds.get(name) ?? []), took]);
  say(`${name}: ${took.toFixed(1)} s`);
}

async function measure(): Promise<readonly Measure[]> {
  const directory = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const reach = await up(CLUSTER, {}, say);
  const env: Env = {
    PATH: [reach.path, process.env["PATH"]].join(delimiter),
    KUBECONFIG: reach.kubeconfig,
    HOME: directory,
  };
  let sluice: Sluice | null = null;
  try {
    for (const name of NAMESPACES) await execa("kubectl", ["create", "namespace", name], { env });
    const fleet = await makeFleet(directory);
    const helmfile = await hasHelmfile(env);
    if (!helmfile) say("helmfile is not on the PATH: left out");
    sluice = await Sluice.start(fleet, env);
    const upgrades = {
      raw: (version: Version) => rawUpgrade(fleet, version, env),
      ...(helmfile ? { helmfile: (version: Version) => helmfileUpgrade(fleet, version, env) } : {}),
      sluice: (version: Version) => (sluice as Sluice).upgrade(version),
    };
    for (const [name, upgrade] of Object.entries(upgrades)) await timed(`${name}-install`, () => upgrade("1"));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, upgrade] of Object.entries(upgrades)) await timed(`${name}-upgrade`, () => upgrade("2"));
      await timed("raw-rollback", () => rawRollback(fleet, env));
      await timed("sluice-rollback", () => (sluice as Sluice).rollback());
      await sluice.unhold();
      if (helmfile) await helmfileUpgrade(fleet, "1", env);
    }
    await sluice.many("1");
    await timed("sluice-200-deployments", () => (sluice as Sluice).many("2"));
    return [...medians(), ...memoryOf(sluice)];
  } finally {
    await sluice?.stop();
    await down(CLUSTER, say);
    rmSync(directory, { recursive: true, force: true });
  }
}

const medians = (): readonly Measure[] =>
  [...seconds].map(([name, took]) => ({ name, value: rounded(median(took)), unit: "s", note: `median of ${took.length}` }));

function memoryOf(sluice: Sluice): readonly Measure[] {
  const { now, peak } = sluice.memory();
  return [
    { name: "sluice-server-memory", value: rounded(now), unit: "MB", note: "resident, afterwards" },
    { name: "sluice-server-memory-peak", value: rounded(peak), unit: "MB", note: "the most it has had" },
  ];
}

/** What Sluice takes, over what raw helm does: the goal is 1.1. */
function ratiosOf(measures: readonly Measure[]): readonly Measure[] {
  const of = (name: string): number => measures.find((m) => m.name === name)?.value ?? Number.NaN;
  return ["upgrade", "rollback"].map((what) => ({
    name: `${what}-ratio`,
    value: rounded(of(`sluice-${what}`) / of(`raw-${what}`)),
    unit: "x",
    goal: 1.1,
    note: `sluice-${what} / raw-${what}`,
  }));
}

const measures = await measure();
print([...measures, ...ratiosOf(measures)]);
