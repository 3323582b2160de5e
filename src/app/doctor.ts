import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { answer } from "../cli/api.ts";
import type { Check } from "../cli/context.ts";
import { CliError } from "../cli/exit.ts";
import { parseConfig } from "../core/config/parse.ts";
import { hostZones } from "../engine/zones.ts";
import { SourceError } from "../engine/ports/source.ts";
import { StoreError } from "../engine/ports/store.ts";
import { GitSource } from "../source/git.ts";
import { readOwner } from "../store/owner.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { connect } from "./connect.ts";
import { packageVersion } from "./package-files.ts";
import { findProject, PROJECT_FILE, type Project } from "./project.ts";
import { adapterSchemas } from "./registry.ts";
import { DEFAULT_PORT } from "./serve.ts";

type Options = { readonly directory: string; readonly url: string | null };
type Environment = Readonly<Record<string, string | undefined>>;

const ok = (name: string, message: string): Check => ({ name, status: "ok", message });
const warning = (name: string, message: string, hint: string): Check => ({ name, status: "warning", message, hint });
const problem = (name: string, message: string, hint?: string): Check => ({ name, status: "problem", message, ...(hint ? { hint } : {}) });

/** Looks at everything that Sluice needs, and changes nothing. Each check stands for itself: one that fails hides no other. */
export async function doctor(options: Options, env: Environment): Promise<readonly Check[]> {
  const url = options.url ?? (env["SLUICE_URL"] || null);
  const here = [node(), await git(), ...(url === null ? [] : [await server(url, options, env)])];
  let project: Project | null;
  try {
    project = findProject(options.directory);
  } catch (error) {
    return [...here, failed("project", error)];
  }
  if (project === null) {
    const message = `there is no ${PROJECT_FILE} in ${options.directory} or above it`;
    return [
      ...here,
      url === null ? problem("project", message, "Write one with `sluice init`") : ok("project", `${message}; a server is named`),
    ];
  }
  return [
    ...here,
    ok("project", project.root),
    await config(project),
    ...(await repository(project)),
    ...(await store(project)),
    await port(project),
    await disk(project),
  ];
}

function failed(name: string, error: unknown): Check {
  if (error instanceof CliError || error instanceof SourceError) return problem(name, error.message, error.hint ?? undefined);
  return problem(name, error instanceof Error ? error.message : String(error));
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 24 || (major === 24 && minor >= 18);
  return fits ? ok("node", process.versions.node) : problem("node", `${process.versions.node} is too old`, "Install Node 24.18 or newer");
}

/** What Sluice uses of git came with this version (`ls-tree --format`). */
const GIT = [2, 36] as const;

async function git(): Promise<Check> {
  const result = await execa("git", ["--version"], { reject: false, stdin: "ignore", timeout: 10_000 });
  if (result.failed) return problem("git", "git is not installed, or not on the PATH", "Install git");
  const [, version = "", major, minor] = /((\d+)\.(\d+)\S*)/.exec(result.stdout) ?? [];
  const fits = Number(major) > GIT[0] || (Number(major) === GIT[0] && Number(minor) >= GIT[1]);
  return fits ? ok("git", version) : problem("git", `${version} is too old`, `Install git ${GIT.join(".")} or newer`);
}

async function server(url: string, { directory }: Options, env: Environment): Promise<Check> {
  try {
    const connector = { env, interrupted: new AbortController().signal, note: () => {} };
    const connection = await connect({ need: "read", directory, url, policyRef: null }, connector);
    const { version, project } = await answer(connection.client.GET("/api/v1/health"));
    const mine = packageVersion();
    if (version !== mine)
      return warning("server", `${url} serves ${project} with version ${version}; this is ${mine}`, "Use the same version on both sides");
    return ok("server", `${url} serves ${project}`);
  } catch (error) {
    return failed("server", error);
  }
}

async function config({ root }: Project): Promise<Check> {
  try {
    const { diagnostics } = parseConfig(await readFile(join(root, PROJECT_FILE), "utf8"), PROJECT_FILE, await adapterSchemas(), hostZones);
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    if (errors > 0) return problem(PROJECT_FILE, `${errors} errors`, "sluice validate shows them");
    return diagnostics.length > 0
      ? warning(PROJECT_FILE, `valid, with ${diagnostics.length} warnings`, "sluice validate shows them")
      : ok(PROJECT_FILE, "valid");
  } catch (error) {
    return failed(PROJECT_FILE, error);
  }
}

async function repository({ root }: Project): Promise<readonly Check[]> {
  const source = new GitSource({ directory: root });
  const checks: Check[] = [];
  try {
    const head = await source.resolve("HEAD");
    const dirty = await source.dirty();
    checks.push(
      dirty
        ? warning(
            "repository",
            `HEAD is ${head.slice(0, 12)}, and the work tree has changes`,
            "What is deployed is the commit, not the tree",
          )
        : ok("repository", `HEAD is ${head.slice(0, 12)}`),
    );
  } catch (error) {
    return [failed("repository", error)];
  }
  try {
    const { ref, commit } = await source.policyRef(null);
    const text = await source.file(commit, PROJECT_FILE);
    if (text === null)
      checks.push(
        problem("policy", `${ref} has no ${PROJECT_FILE}`, "Policy is read from there: merge one, or name another ref with --policy-ref"),
      );
    else {
      const { config: parsed } = parseConfig(text, PROJECT_FILE, await adapterSchemas(), hostZones);
      checks.push(
        parsed
          ? ok("policy", `${ref} at ${commit.slice(0, 12)}`)
          : problem("policy", `${PROJECT_FILE} of ${ref} is not valid`, "Merge a valid one, or name another ref with --policy-ref"),
      );
    }
  } catch (error) {
    checks.push(failed("policy", error));
  }
  return checks;
}

async function store({ home }: Project): Promise<readonly Check[]> {
  if (!existsSync(join(home, "sluice.db"))) return [ok("store", "none yet; the first deploy makes one")];
  const owner = await readOwner(home);
  try {
    const opened = await openSqliteStore(home, { version: packageVersion(), readOnly: true });
    try {
      const { lastAt } = await opened.load();
      const ahead = lastAt - Date.now();
      return [
        ok("store", owner ? `in use by process ${owner.pid}${owner.url ? ` at ${owner.url}` : ""}` : "readable, in use by nobody"),
        ahead > 60_000
          ? problem(
              "clock",
              `this machine's clock is ${Math.round(ahead / 1000)} s behind what the store recorded last`,
              "Set the clock; until it has caught up, times in the store stand still",
            )
          : ok("clock", new Date().toISOString()),
      ];
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof StoreError) return [problem("store", error.message)];
    throw error;
  }
}

async function port({ home }: Project): Promise<Check> {
  const url = (await readOwner(home))?.url;
  if (url && Number(new URL(url).port) === DEFAULT_PORT) return ok("port", `${DEFAULT_PORT} is this project's server`);
  const probe = createServer();
  try {
    probe.listen({ host: "127.0.0.1", port: DEFAULT_PORT });
    await once(probe, "listening");
    return ok("port", `${DEFAULT_PORT} is free`);
  } catch {
    return warning("port", `${DEFAULT_PORT} is in use by another program`, "`sluice serve` takes another one, or the one in --port");
  } finally {
    probe.close();
  }
}

const LITTLE = 100 * 1024 * 1024;
const ENOUGH = 1024 * 1024 * 1024;

async function disk({ home }: Project): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(existsSync(home) ? home : dirname(home));
    const free = bavail * bsize;
    const message = `${(free / 1024 ** 3).toFixed(1)} GB free`;
    if (free < LITTLE) return problem("disk", message, "Make room: artifacts, logs and the store need some");
    return free < ENOUGH ? warning("disk", message, "Make room: artifacts, logs and the store need some") : ok("disk", message);
  } catch (error) {
    return failed("disk", error);
  }
}
