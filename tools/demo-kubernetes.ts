/** `npm run demo:kubernetes [-- --reset]`: the sample on a local cluster of fake nodes, up to the gate of mainnet. */
import { delimiter } from "node:path";
import { Command } from "commander";
import { demo } from "../src/app/demo/demo.ts";
import { harborOnKubernetes } from "../src/app/demo/on-kubernetes.ts";
import { down, up } from "./cluster/cluster.ts";
import { build } from "./cluster/build.ts";
import { ClusterError } from "./cluster/places.ts";

const CLUSTER = "demo";
const note = (line: string): void => console.error(line);

const { reset, port } = new Command("demo:kubernetes")
  .description(
    "Harbor on a real Kubernetes API server with fake nodes: backends by Helm, frontends by kustomize, one image for all. Ctrl-C stops the server; the cluster stays.",
  )
  .option("--reset", "throw away what an earlier demo left, the cluster's data too")
  .option("--port <port>", "the server's port (default: 7700, or a free one)", Number)
  .parse()
  .opts<{ reset?: boolean; port?: number }>();

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interruption.abort());
try {
  await build(note);
  if (reset) await down(CLUSTER, note);
  const { kubeconfig, path, registry } = await up(CLUSTER, { registry: true }, note);
  process.env["PATH"] = [path, process.env["PATH"]].join(delimiter);
  process.env["KUBECONFIG"] = kubeconfig;
  const host = { env: { SLUICE_DEMO_DIR: ".demo-kubernetes", ...process.env }, interrupted: interruption.signal, out: console.log, note };
  note(`In another terminal: export KUBECONFIG='${kubeconfig}' PATH='${path}':"$PATH"`);
  process.exitCode = await demo(
    { directory: process.cwd(), port: port ?? null, reset: reset ?? false },
    host,
    harborOnKubernetes(registry ?? ""),
  );
  note(`The cluster runs on, with what was deployed to it. It ends with: npm run cluster -- down ${CLUSTER}`);
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  note(`error: ${error.message}`);
  process.exitCode = 2;
}
