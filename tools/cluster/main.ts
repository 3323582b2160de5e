/** `npm run cluster -- build|up|down|status [name]`: a real Kubernetes control plane with fake nodes, for tests, demos and benchmarks. */
import { Command, InvalidArgumentError } from "commander";
import { build } from "./build.ts";
import { down, statusOf, up, type Reach } from "./cluster.ts";
import { ClusterError } from "./places.ts";
import { listClusters } from "./state.ts";

const say = (line: string): void => console.error(`cluster: ${line}`);

const program = new Command("cluster")
  .description("A real Kubernetes API server, controllers and scheduler with fake nodes and pods, on loopback ports.")
  .addHelpText(
    "after",
    `
Programs and clusters are kept in SLUICE_CLUSTER_CACHE, else in sluice/cluster of the cache directory (~/.cache).
Exit codes: 0 it is so, 1 it failed or part of it is dead, 2 this machine lacks something (Go, a download), 3 there is no such cluster.

  eval "$(npm run -s cluster -- up)"     start it and use it in this shell
  kubectl create deployment web --image=team/web:2.0-crash
  npm run cluster -- down

What a pod does is chosen by a word in its image's last part or by its annotation fake/pod:
slow, broken, crash, oom, flaky, nopull, noconfig, hang; else it is ready at once.`,
  );

program
  .command("build")
  .description("build the programs with Go, where they are not in the cache")
  .action(async () => {
    await build(say);
  });

program
  .command("up")
  .argument("[name]", "the cluster", "default")
  .description("start a cluster, or what of it has died, with its data; builds the programs where they are missing")
  .option("--nodes <count>", "fake nodes of a new cluster", positive, 3)
  .option("--registry", "with an image registry, by plain HTTP")
  .option("--json", "print how to reach it as JSON")
  .action(async (name: string, { json, ...options }: { nodes: number; registry?: boolean; json?: boolean }) => {
    await build(say);
    const begun = performance.now();
    const reach = await up(name, options, say);
    say(`${name} is up after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    console.log(json ? JSON.stringify(reach) : exports(reach));
  });

program
  .command("down")
  .argument("[name]", "the cluster", "default")
  .description("end a cluster and drop its data")
  .option("--all", "all of them")
  .action(async (name: string, { all }: { all?: boolean }) => {
    for (const one of all ? listClusters() : [name]) {
      say((await down(one, say)) ? `${one} is down, its data is gone` : `there was no cluster ${one}`);
    }
  });

program
  .command("status")
  .argument("[name]", "the cluster; all of them where none is named")
  .description("what runs, and with how much memory")
  .option("--json", "print it as JSON")
  .action(async (name: string | undefined, { json }: { json?: boolean }) => {
    const known = (name === undefined ? listClusters() : [name]).map(statusOf).filter((status) => status !== null);
    if (json) console.log(JSON.stringify(known));
    else for (const one of known) console.log(table(one));
    if (known.length === 0) {
      say(name === undefined ? "there is no cluster" : `there is no cluster ${name}`);
      process.exitCode = 3;
    } else if (known.some(({ parts }) => parts.some(({ pid }) => pid === null))) process.exitCode = 1;
  });

type Status = NonNullable<ReturnType<typeof statusOf>>;

function table({ reach, parts, abandoned }: Status): string {
  const total = parts.reduce((sum, { memory }) => sum + memory, 0);
  const rows = parts.map(({ part, pid, memory }) => `  ${part.padEnd(24)} ${pid === null ? "dead" : `pid ${pid}, ${memory} MiB`}`);
  const left = abandoned ? ", left by a process that has ended" : "";
  return [`${reach.name}: ${reach.server}, ${total} MiB${left}, KUBECONFIG=${reach.kubeconfig}`, ...rows].join("\n");
}

/** For a shell to evaluate. */
function exports({ kubeconfig, path, registry }: Reach): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = [`export KUBECONFIG=${quote(kubeconfig)}`, `export PATH=${quote(path)}:"$PATH"`];
  return [...lines, ...(registry === null ? [] : [`export SLUICE_REGISTRY=${quote(registry)}`])].join("\n");
}

function positive(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("give a number from 1 on");
  return count;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
