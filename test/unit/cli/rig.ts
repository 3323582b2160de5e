import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../../src/app/connect.ts";
import { doctor } from "../../../src/app/doctor.ts";
import { githubConnect } from "../../../src/app/github/connect/connect.ts";
import { WAITS } from "../../../src/app/github/connect/host.ts";
import { keptApps } from "../../../src/app/github/disconnect.ts";
import { githubDoctor } from "../../../src/app/github/doctor.ts";
import { githubGates } from "../../../src/app/github/gates.ts";
import { adapterSchemas } from "../../../src/app/registry.ts";
import { workflows } from "../../../src/app/workflows.ts";
import type { CliContext, Output } from "../../../src/cli/context.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { runCli } from "../../../src/cli/program.ts";

export type Ended = { readonly exit: number; readonly out: string; readonly err: string; readonly asked: readonly string[] };
export type CallOptions = {
  /** Answers to questions, in order; with any, a person sits at a terminal. `null`: Ctrl-C. */
  readonly answers?: readonly (boolean | null)[];
  readonly tty?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly interruption?: AbortController;
  /** Hears all that is printed, as it is. */
  readonly onOutput?: (text: string) => void;
  readonly context?: Partial<CliContext>;
};

/** A person is quicker here. */
const QUICK = { ...WAITS, first: 20, longest: 100 };

/** A directory of its own for one test file, with nothing of this machine's user in its environment. */
export class Place {
  readonly root = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  readonly env: Readonly<Record<string, string | undefined>> = {
    PATH: process.env["PATH"],
    HOME: this.root,
    XDG_STATE_HOME: join(this.root, "state"),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: "1",
  };

  directory(name: string): string {
    const path = join(this.root, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Runs one command line in this process, as the program does. */
  async sluice(args: readonly string[], options: CallOptions = {}): Promise<Ended> {
    const heard = { out: "", err: "" };
    const env = { ...this.env, ...options.env };
    const tty = options.tty ?? options.answers !== undefined;
    const answers = [...(options.answers ?? [])];
    const asked: string[] = [];
    const output = (name: "out" | "err"): Output => ({
      write(text) {
        heard[name] += text;
        options.onOutput?.(text);
      },
      isTTY: tty,
      columns: 100,
    });
    const interrupted = (options.interruption ?? new AbortController()).signal;
    const note = (line: string): void => void (heard.err += `${line}\n`);
    const context: CliContext = {
      version: "1.2.3",
      cwd: options.cwd ?? this.root,
      env,
      stdout: output("out"),
      stderr: output("err"),
      interactive: tty,
      interrupted,
      now: () => Date.now(),
      confirm: async (question) => {
        asked.push(question);
        const answer = answers.shift();
        if (answer === undefined) throw new Error(`nobody answers: ${question}`);
        return answer;
      },
      adapters: adapterSchemas,
      zones: hostZones,
      connect: (request) => connect(request, { env, interrupted, note }),
      serve: () => Promise.reject(new Error("a server is a process of its own: see test/e2e")),
      demo: () => Promise.reject(new Error("the demo is a process of its own: see test/e2e")),
      github: (request) => githubGates(request, { env, interrupted, note }),
      githubDoctor: (request) => githubDoctor(request, { env, interrupted, note }),
      githubConnect: (request, tell) => githubConnect(request, { env, interrupted, note, tell, waits: QUICK, client: { secondMs: 10 } }),
      githubApps: ({ directory }) => keptApps(directory),
      doctor: (asked_) => doctor(asked_, env),
      ci: () => Promise.reject(new Error("jobs are in test/unit/app/ci")),
      workflows,
      ...options.context,
    };
    const exit = await runCli(context, args);
    return { exit, ...heard, asked };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What a JSON command printed: one value, and nothing beside it. */
export function jsonOf<T>(ended: Ended): T {
  return JSON.parse(ended.out) as T;
}

/** A repository with two services in two environments, the second behind a gate, deployed by a program that writes what is live into files. */
export class Shop {
  readonly root: string;
  readonly live: string;
  readonly #place: Place;

  constructor(place: Place, name = "shop") {
    this.#place = place;
    this.root = place.directory(name);
    this.live = place.directory(`${name}-live`);
    this.git("init", "--quiet", "--initial-branch=main");
    this.write("deploy.sh", DEPLOY, 0o755);
    this.write("sluice.yaml", this.config());
    this.write("version", "one\n");
    this.commit("first");
  }

  git(...args: readonly string[]): string {
    const person = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...person, ...args], {
      cwd: this.root,
      encoding: "utf8",
      env: { ...process.env, ...this.#place.env },
    }).trim();
  }

  write(name: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.root, name), text);
    chmodSync(join(this.root, name), mode);
  }

  /** Commits everything; resolves to the full id. */
  commit(subject: string): string {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", subject);
    return this.head;
  }

  get head(): string {
    return this.git("rev-parse", "HEAD");
  }

  sluice(args: readonly string[], options: CallOptions = {}): Promise<Ended> {
    return this.#place.sluice(args, { cwd: this.root, ...options });
  }

  config(more = ""): string {
    const service = (tier: string): string =>
      `{ tier: ${tier}, artifact: app, deploy: { command: { apply: [./deploy.sh], observe: ["${join(this.root, "deploy.sh")}", observe] } } }`;
    return `version: 1
project: shop
environments:
  devnet: { order: any, variables: { LIVE: "${this.live}" } }
  mainnet: { needs: [devnet], approval: { count: 1, self: true }, variables: { LIVE: "${this.live}" } }
artifacts:
  app: { bundle: { path: . } }
services:
  api: ${service("backend")}
  web: ${service("frontend")}
${more}`;
  }
}

/** Says what is live, or makes it so; waits at a named pipe where there is one, and fails where the release says so. */
const DEPLOY = `#!/bin/sh
set -e
file="$LIVE/$SLUICE_SERVICE@$SLUICE_ENVIRONMENT"
if [ "$1" = observe ]; then
  if [ -f "$file" ]; then cat "$file"; fi
  exit 0
fi
echo "brings $SLUICE_SERVICE to $SLUICE_ENVIRONMENT"
if [ -f "broken-$SLUICE_SERVICE" ]; then
  echo "it does not start" >&2
  exit 3
fi
if [ -p "$LIVE/pipe" ]; then cat "$LIVE/pipe" > /dev/null || [ ! -p "$LIVE/pipe" ]; fi # gone since: released
printf '{"commit":"%s","attempt":"%s","health":"healthy","url":"http://127.0.0.1:9/%s"}' "$SLUICE_COMMIT" "$SLUICE_ATTEMPT_ID" "$SLUICE_SERVICE" > "$file.new"
mv "$file.new" "$file"
`;
