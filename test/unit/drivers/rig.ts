import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/core/config/config.ts";
import type { Definition } from "../../../src/core/plan/plan.ts";
import { type ApplyInput, type AttemptContext, CommandFailed } from "../../../src/engine/ports/driver.ts";
import { stopAll } from "../../../src/drivers/process/index.ts";

/** A store's directory; afterwards everything that runs from it is stopped, and the test fails when something is left. */
export function temporaryHome(): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "sluice-driver-")));
  onTestFinished(async () => {
    await stopAll(home);
    try {
      expect(processesOf(home)).toEqual([]);
    } finally {
      for (const found of processesOf(home)) process.kill(Number.parseInt(found), "SIGKILL");
      rmSync(home, { recursive: true, force: true });
    }
  }, 30_000);
  return home;
}

/** Living processes whose command line or environment names the directory: `pid command`. */
export function processesOf(home: string, command = ""): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(command) && line !== "" && (line + readFileSync(`/proc/${pid}/environ`, "utf8")).includes(home)
          ? [`${pid} ${line}`]
          : [];
      } catch {
        return [];
      }
    });
}

export const pidsOf = (home: string, command: string): number[] => processesOf(home, command).map((line) => Number.parseInt(line));

/** A service: answers its version at `/version`, 200 at `/healthz` unless it is to be unhealthy, after 150 ms at `/slow`, and ends at `/crash`. */
const SERVER = `
const http = require("http"), fs = require("fs");
const [version, mode] = fs.readFileSync("version", "utf8").trim().split(" ");
fs.appendFileSync(process.env.STARTS, version + "\\n");
console.log("starting " + version);
if (mode === "crashes") { console.error("cannot reach the " + (process.env.TOKEN ?? "harbour")); process.exit(3); }
http.createServer((request, response) => {
  if (request.url === "/crash") return process.exit(1);
  if (request.url === "/healthz") return response.writeHead(mode === "unhealthy" ? 503 : 200).end();
  setTimeout(() => response.end(JSON.stringify({ version, pid: process.pid, env: process.env })), request.url === "/slow" ? 150 : 0);
}).listen(process.env.PORT, process.env.HOST);
`;

/** Makes an artifact with the service in it; returns its digest. */
export function artifact(home: string, version: string, mode = "good"): string {
  const hex = createHash("sha256")
    .update(version + mode)
    .digest("hex");
  const tree = join(home, "artifacts", hex, "tree");
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(tree, "server.js"), SERVER);
  writeFileSync(join(tree, "version"), `${version} ${mode}\n`);
  return `sha256:${hex}`;
}

export function definitionOf(driver: string, config: JsonObject, more: Partial<Definition> = {}): Definition {
  return {
    service: "web",
    environment: "devnet",
    tier: "backend",
    paths: [],
    driver,
    config,
    verify: null,
    job: false,
    needs: [],
    timeoutMs: 60_000,
    variables: {},
    credentials: [],
    ...more,
  };
}

export function inputOf(home: string, attempt: string, commit: string, digest: string | null, definition: Definition): ApplyInput {
  const directory = digest === null ? null : join(home, "artifacts", digest.replace("sha256:", ""), "tree");
  return {
    project: "harbor",
    target: `${definition.service}@${definition.environment}`,
    commit,
    digest,
    definition,
    attempt,
    direction: "deploy",
    takeBack: false,
    directory,
    needs: {},
    run: "1",
    fingerprint: null,
    lastGood: null,
  };
}

export function contextOf(
  home: string,
  signal: AbortSignal = new AbortController().signal,
): AttemptContext & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const env = { PATH: process.env["PATH"] ?? "", STARTS: join(home, "starts"), SLUICE_ATTEMPT_ID: "marks the attempt" };
  const run: AttemptContext["run"] = async ([program = "", ...args], { cwd, env: given }) => {
    try {
      return { output: execFileSync(program, args, { cwd, env: given, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }) };
    } catch (error) {
      throw new CommandFailed(`${program} failed`, error instanceof Error && "status" in error ? Number(error.status) : null);
    }
  };
  return { lines, home, env, signal, run, log: (text) => void lines.push(text), tree: () => Promise.reject(new Error("no tree")) };
}

/** Versions in the order in which instances started. */
export function starts(home: string): string[] {
  try {
    return readFileSync(join(home, "starts"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
}

export type Version = { readonly version: string; readonly pid: number; readonly env: Readonly<Record<string, string>> };

export function ask(url: string, agent: Agent | false = false): Promise<Version> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Version));
    }).once("error", reject);
  });
}
