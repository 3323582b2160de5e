import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parseObject } from "../../host/answers.ts";
import { readText, writeWhole } from "../../host/files.ts";
import { runProgram } from "../../host/programs.ts";
import type { ChartSource, Place } from "./config.ts";

type Variables = Readonly<Record<string, string>>;
export type Version = { readonly text: string; readonly major: number; readonly minor: number };
/** What runs Helm for one target: the variables that it gets, and what else a look of it needs. */
export type Helm = { readonly env: Variables; readonly home: string; readonly signal: AbortSignal };

/** Labels of releases came with 3.13; before 3.14 some of what is read here has bugs. */
const OLDEST = [3, 14] as const;
const VERSION_MS = 30_000;
const PULL_MS = 120_000;
const LARGEST = 64 * 1024 * 1024;

export const directoryOf = (home: string): string => join(home, "drivers", "helm");

/**
 * The variables of a Helm program: those of the target's environment, and directories of its own, so that plugins, repositories and logins of whoever runs the server change nothing.
 * Its HELM_* that the environment itself names stay. Registry logins are read from docker's own config, too (Helm falls back to it).
 */
export function helmEnvironment(env: Variables, home: string): Variables {
  const own = directoryOf(home);
  if (env["HELM_DRIVER"] !== undefined && !/^secrets?$/i.test(env["HELM_DRIVER"]))
    throw new Error(
      `HELM_DRIVER is ${env["HELM_DRIVER"]}: releases are read from Secrets only, Helm's default; take HELM_DRIVER out of the environment`,
    );
  return {
    HELM_CACHE_HOME: join(own, "cache"),
    HELM_CONFIG_HOME: join(own, "config"),
    HELM_DATA_HOME: join(own, "data"),
    KUBECACHEDIR: join(own, "kube"),
    // It lives for less than a second: collecting garbage costs a third of its time, and memory stays bounded.
    GOGC: "off",
    GOMEMLIMIT: "256MiB",
    ...inCluster(),
    ...env,
  };
}

/** A pod's way to its own API server, which Helm takes where there is no kubeconfig. */
function inCluster(): Variables {
  return Object.fromEntries(
    ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );
}

/** Arguments that say which cluster and namespace; each value is part of its option, and so never one itself. */
export function placeArguments({ namespace, kubeconfig }: Place, context: string | null, userHome: string = homedir()): readonly string[] {
  return [
    `--namespace=${namespace}`,
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig.replace(/^~(?=\/)/, userHome)}`]),
    ...(context === null ? [] : [`--kube-context=${context}`]),
  ];
}

/** Runs Helm for what it prints. Rejects with what it says. */
export async function ask({ env, signal }: Helm, args: readonly string[], timeoutMs: number): Promise<string> {
  const { code, exit, stdout, stderr } = await runProgram(["helm", ...args], { cwd: "/", env, signal, timeoutMs, limit: LARGEST });
  if (code === 0) return stdout;
  if (exit.includes("ENOENT")) throw new Error(MISSING);
  throw new HelmError(stderr.trim() === "" ? `helm ${args[0]} ended with ${exit}` : stderr.trim());
}

/** Helm's own words. */
export class HelmError extends Error {
  override readonly name = "HelmError";
}

const MISSING = "there is no program helm on the PATH of the server: install Helm 4 (or 3.14 and newer)";

/** Asked once for a program file, whoever asks. Rejects where there is no Helm, or one that is too old. */
export async function versionOf(helm: Helm): Promise<Version> {
  const file = programOf(helm.env["PATH"] ?? "");
  if (file === null) throw new Error(MISSING);
  const { mtimeMs, size } = statSync(file);
  const key = `${file} ${mtimeMs} ${size}`;
  const kept = join(directoryOf(helm.home), "version.json");
  const known = parseObject(readText(kept) ?? "");
  const text = known?.["key"] === key ? String(known["text"]) : await askVersion(helm);
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  if (major === undefined || minor === undefined)
    throw new Error(`${file} says that its version is ${JSON.stringify(text.slice(0, 100))}: is it Helm?`);
  const version = { text, major: Number(major), minor: Number(minor) };
  if (version.major < OLDEST[0] || (version.major === OLDEST[0] && version.minor < OLDEST[1]))
    throw new Error(`${file} is Helm ${text}, which is too old: install Helm 4 (or 3.14 and newer)`);
  if (known?.["key"] !== key) {
    mkdirSync(directoryOf(helm.home), { recursive: true, mode: 0o700 });
    writeWhole(kept, JSON.stringify({ key, text }));
  }
  return version;
}

async function askVersion(helm: Helm): Promise<string> {
  return (await ask(helm, ["version", "--template={{.Version}}"], VERSION_MS)).trim();
}

function programOf(path: string): string | null {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, "helm");
    if (directory !== "" && existsSync(file)) return realpathSync(file);
  }
  return null;
}

/** The chart of a registry or repository, fetched once for a store: what a version is must not change between what was shown and what is applied. Resolves to its folder. */
export async function fetchChart(helm: Helm, source: Extract<ChartSource, { readonly kind: "remote" }>): Promise<string> {
  const { chart, repo, version } = source;
  const parent = join(directoryOf(helm.home), "charts");
  const folder = join(
    parent,
    createHash("sha256")
      .update(JSON.stringify([chart, repo, version]))
      .digest("hex")
      .slice(0, 32),
  );
  const name = chart.split("/").at(-1) ?? chart;
  if (existsSync(folder)) return join(folder, name);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(parent, ".new-"));
  const args = ["pull", `--version=${version}`, "--untar", `--untardir=${draft}`, ...(repo === null ? [] : [`--repo=${repo}`])];
  try {
    await ask(helm, [...args, ...(isLoopback(chart) ? ["--plain-http"] : []), "--", chart], PULL_MS);
    await rename(draft, folder);
  } catch (error) {
    if (existsSync(folder)) return join(folder, name);
    throw error instanceof HelmError
      ? new Error(`the chart ${chart} ${version} cannot be fetched: ${error.message}`, { cause: error })
      : error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return join(folder, name);
}

/** As container tools have it: a registry on this host needs no certificate. */
const isLoopback = (chart: string): boolean => /^oci:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//.test(chart);
