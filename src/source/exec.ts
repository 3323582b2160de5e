import { stat } from "node:fs/promises";
import { devNull } from "node:os";
import { execa } from "execa";
import { SourceError } from "../engine/ports/source.ts";

/** One read of a few objects or refs, in ms. */
const TIMEOUT_MS = 60_000;
/** A walk over history, or over a whole tree, in ms. */
export const LONG_TIMEOUT_MS = 600_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * Said before every command, so that neither the repository's nor the user's settings change what is read: no hook, pager, monitor or external transport runs,
 * a path is a path and not a pattern, and an id means the object that it names (no replace refs).
 */
const SETTINGS = [
  "core.fsmonitor=false",
  `core.hooksPath=${devNull}`,
  "protocol.ext.allow=never",
  "core.quotePath=false",
  "log.showRoot=true",
  "trailer.separators=:",
];
const ALWAYS = ["--no-pager", "--no-replace-objects", "--literal-pathspecs", ...SETTINGS.flatMap((setting) => ["-c", setting])];

type Options = {
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Exit codes other than 0 that are an answer. */
  readonly answers?: readonly number[];
  /** For this command alone, by the environment: arguments of a process are seen by every user of the host. */
  readonly settings?: Readonly<Record<string, string>>;
};
export type Output = { readonly exitCode: number; readonly text: string };

/** Runs git in a directory: without a shell, with a clean environment, and with bounds on time and output. Rejects with `SourceError`. */
export class Git {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async run(args: readonly string[], options: Options = {}): Promise<Output> {
    const result = await execa("git", [...ALWAYS, ...args], {
      ...this.#common(options),
      maxBuffer: MAX_OUTPUT,
      stripFinalNewline: false,
      reject: false,
    });
    const exitCode = result.exitCode ?? -1;
    if (!result.failed || (result.exitCode !== undefined && options.answers?.includes(exitCode))) return { exitCode, text: result.stdout };
    throw await this.#problem(args, result);
  }

  /** Hands the output on in pieces, as bytes, however much it is. `take` may return false to end the command early. */
  async stream(args: readonly string[], options: Options, take: (chunk: Buffer) => boolean | Promise<boolean>): Promise<void> {
    const child = execa("git", [...ALWAYS, ...args], {
      ...this.#common(options),
      buffer: { stdout: false },
      maxBuffer: MAX_OUTPUT,
      encoding: "buffer",
      reject: false,
    });
    let enough = false;
    let failure: unknown;
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        enough = !(await take(chunk));
        if (enough) break;
      }
    } catch (error) {
      failure = error;
    }
    if (enough || failure !== undefined) child.kill("SIGKILL");
    const result = await child;
    if (failure !== undefined) throw failure;
    if (result.failed && !enough)
      throw await this.#problem(args, {
        stderr: Buffer.from(result.stderr).toString("utf8"),
        code: result.code,
        exitCode: result.exitCode,
        timedOut: result.timedOut,
        isMaxBuffer: false,
      });
  }

  /** Hands on what NULs end, one after the other and as text. `take` may return false to end the command early. */
  async records(args: readonly string[], options: Options, take: (record: string) => boolean): Promise<void> {
    let partial: Buffer = Buffer.alloc(0);
    await this.stream(args, options, (chunk) => {
      const bytes = partial.length === 0 ? chunk : Buffer.concat([partial, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
        if (end > start && !take(bytes.toString("utf8", start, end))) return false;
        start = end + 1;
      }
      partial = Buffer.from(bytes.subarray(start));
      return true;
    });
  }

  #common(options: Options) {
    return {
      cwd: this.directory,
      env: { ...environment(), ...settingsOf(options.settings ?? {}) },
      extendEnv: false,
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    };
  }

  async #problem(args: readonly string[], result: Failed): Promise<SourceError> {
    const cause = { cause: result };
    const found = await stat(this.directory).catch(() => null);
    if (!found?.isDirectory())
      return new SourceError("not-a-repository", `${this.directory} is not a directory.`, "Run this inside a git repository.", cause);
    if (result.code === "ENOENT")
      return new SourceError(
        "no-git",
        "git is not installed, or not on the PATH.",
        "Install git 2.30 or newer: https://git-scm.com/downloads",
        cause,
      );
    const said = result.stderr.trim();
    if (said.includes("not a git repository"))
      return new SourceError(
        "not-a-repository",
        `${this.directory} is not in a git repository.`,
        "Run this inside a git repository, or make one with `git init` and commit.",
        cause,
      );
    if (said.includes("dubious ownership"))
      return new SourceError(
        "git-failed",
        `git refuses ${this.directory}, which belongs to another user.`,
        `If you trust it: git config --global --add safe.directory ${this.directory}`,
        cause,
      );
    const command = `git ${args[0] ?? ""}`;
    if (result.timedOut)
      return new SourceError(
        "git-failed",
        `${command} did not end in time.`,
        "Look at the repository's size and disk, then try again.",
        cause,
      );
    if (result.isMaxBuffer)
      return new SourceError(
        "git-failed",
        `${command} answered more than ${MAX_OUTPUT / 1024 / 1024} MB.`,
        "Name a smaller file or path.",
        cause,
      );
    const last = said.split("\n").slice(-3).join("\n").slice(-2_000);
    return new SourceError(
      "git-failed",
      `${command} failed: ${last || `exit code ${result.exitCode}`}`,
      "Run `git fsck` in the repository if this looks like damage.",
      cause,
    );
  }
}

type Failed = {
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
};

/** The user's environment without what would make git work on something else (GIT_DIR, GIT_INDEX_FILE, …), ask questions or write. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.toUpperCase().startsWith("GIT_"));
  return {
    ...Object.fromEntries(kept),
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    SSH_ASKPASS: "",
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
    LC_ALL: "C",
  };
}

function settingsOf(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const entries = Object.entries(settings);
  if (entries.length === 0) return {};
  const numbered = entries.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(entries.length), ...(Object.fromEntries(numbered) as NodeJS.ProcessEnv) };
}
