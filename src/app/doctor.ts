import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { answer } from "../cli/api.ts";
import type { Check } from "../cli/context.ts";
import { githubWords } from "../contract/github.ts";
import { StoreError } from "../engine/ports/store.ts";
import { readOwner } from "../store/owner.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { failed, ok, problem, warning } from "./checks.ts";
import { connect } from "./connect.ts";
import { declared } from "./declared.ts";
import { packageVersion } from "./package-files.ts";
import { findProject, PROJECT_FILE, type Project } from "./project.ts";
import { DEFAULT_PORT } from "./serve.ts";

type Options = { readonly directory: string; readonly url: string | null; readonly environments: readonly string[] | null };
type Environment = Readonly<Record<string, string | undefined>>;

/** Looks at everything that Sluice needs, and changes nothing. Each check stands for itself: one that fails hides no other. Rejects with `CliError` for an environment that policy does not have. */
export async function doctor(options: Options, env: Environment): Promise<readonly Check[]> {
  const url = options.url ?? (env["SLUICE_URL"] || null);
  const here = async () => [node(), ...(await Promise.all([git(), ...(url === null ? [] : [server(url, options, env)])])).flat()];
  let project: Project | null;
  try {
    project = findProject(options.directory);
  } catch (error) {
    return [...(await here()), failed("project", error)];
  }
  if (project === null) {
    const message = `there is no ${PROJECT_FILE} in ${options.directory} or above it`;
    return [
      ...(await here()),
      url === null ? problem("project", message, "Write one with `sluice init`") : ok("project", `${message}; a server is named`),
    ];
  }
  const found = await Promise.all([here(), declared(project, options.environments, env), store(project), port(project), disk(project)]);
  const [machine, { checks, examined }, ...rest] = found;
  return [...machine, ok("project", project.root), ...checks, ...rest.flat(), ...examined];
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

/** How long a server that is named has to answer, in ms. */
const SERVER_MS = 10_000;

async function server(url: string, { directory }: Options, env: Environment): Promise<readonly Check[]> {
  try {
    const patience = AbortSignal.timeout(SERVER_MS);
    const connector = { env, interrupted: new AbortController().signal, note: () => {}, patience };
    const connection = await connect({ need: "read", directory, url, policyRef: null }, connector);
    const { version, project } = await answer(connection.client.GET("/api/v1/health", { signal: patience }));
    const mine = packageVersion();
    if (version !== mine)
      return [warning("server", `${url} serves ${project} with version ${version}; this is ${mine}`, "Use the same version on both sides")];
    const { connection: github } = await answer(connection.client.GET("/api/v1/github", { signal: patience }));
    return [ok("server", `${url} serves ${project}`), ...(github ? [githubCheck(github)] : [])];
  } catch (error) {
    return [failed("server", error)];
  }
}

/** How the server itself stands with GitHub. */
function githubCheck(connection: Parameters<typeof githubWords>[0]): Check {
  const { line, isBehind } = githubWords(connection);
  return isBehind ? warning("github", line, "What waits is told when it can be; the server's log says more") : ok("github", line);
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
