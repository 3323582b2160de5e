import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { CommandFailed, type AttemptContext } from "../../../engine/ports/driver.ts";
import { codeOf } from "../../../host/errors.ts";
import { endRemains, identify, type Identity } from "../../../host/processes.ts";
import { type AttemptLog, Tail } from "./attempt-log.ts";

const OUTPUT_LIMIT = 1024 * 1024;
const MESSAGE_BYTES = 4096;
const MESSAGE_LINES = 20;
const HELD_OPEN_MS = 1000;

type Options = {
  readonly log: AttemptLog;
  readonly signal: AbortSignal;
  /** Between TERM and KILL, in ms. */
  readonly graceMs: number;
  /** File that the groups are recorded in, so that they can be ended when this process is killed. */
  readonly children: string;
  /** Environment variables by which whatever a command leaves behind is found. */
  readonly marker: Readonly<Record<string, string>>;
};

/** Runs the commands of one attempt, each in a process group of its own. What a command starts ends with it: nothing is left running behind it. */
export class Commands {
  readonly #options: Options;
  #started = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** See `AttemptContext.run`. `output` is what the command printed on stdout, its last MiB. */
  readonly run: AttemptContext["run"] = async (command, { cwd, env, signal: own }) => {
    const { log, signal, graceMs, marker } = this.#options;
    const ending = own === undefined ? signal : AbortSignal.any([signal, own]);
    ending.throwIfAborted();
    const [program, ...args] = command;
    if (program === undefined || program === "") throw new CommandFailed("the command is empty", null);
    log.line(`$ ${command.join(" ")}`);
    this.#started = true;
    const child = spawn(program, args, { cwd, env: { ...env, ...marker }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const group = this.#record(child);
    const heard = this.#listen(child);
    // By its own signal only its group: another command of this attempt may be running beside it.
    const stop = () => void endRemains({ groups: group ? [group] : [], marker: signal.aborted ? marker : null }, graceMs);
    ending.addEventListener("abort", stop, { once: true });
    try {
      const exit = await exitOf(child);
      await this.#endGroup(group);
      await heard.closed();
      signal.throwIfAborted();
      if (exit !== "exit code 0")
        throw new CommandFailed(
          log.mask(failure(command, cwd, exit, heard.tail.text())),
          exit.startsWith("exit code") ? child.exitCode : null,
        );
      return { output: heard.output.text() };
    } finally {
      ending.removeEventListener("abort", stop);
    }
  };

  /** Ends what is left of all commands. */
  async end(): Promise<void> {
    if (this.#started) await endRemains({ groups: [], marker: this.#options.marker }, this.#options.graceMs);
  }

  async #endGroup(group: Identity | null): Promise<void> {
    // Its group alone: another command of this attempt may be running beside it. What has left the group is ended with the attempt.
    if (group) await endRemains({ groups: [group], marker: null }, this.#options.graceMs);
  }

  #record(child: ChildProcess): Identity | null {
    const group = child.pid === undefined ? null : identify(child.pid);
    if (group) appendFileSync(this.#options.children, `${JSON.stringify(group)}\n`);
    return group;
  }

  #listen(child: ChildProcess): { readonly output: Tail; readonly tail: Tail; readonly closed: () => Promise<void> } {
    const [output, tail] = [new Tail(OUTPUT_LIMIT), new Tail(MESSAGE_BYTES)];
    const streams = [child.stdout, child.stderr].flatMap((stream) => (stream ? [stream] : []));
    const closed = streams.map((stream) => {
      const channel = this.#options.log.channel();
      stream.on("data", (bytes: Buffer) => {
        channel.push(bytes);
        tail.push(bytes);
        if (stream === child.stdout) output.push(bytes);
      });
      return new Promise<void>((resolve) => {
        stream.once("error", () => stream.destroy());
        stream.once("close", () => {
          channel.end();
          resolve();
        });
      });
    });
    return { output, tail, closed: () => allOrDestroyed(Promise.all(closed), streams) };
  }
}

/** Waits for the streams' ends, but not for a process that has left the command's group and holds them open. */
async function allOrDestroyed(closed: Promise<unknown>, streams: readonly Readable[]): Promise<void> {
  const timer = setTimeout(() => {
    for (const stream of streams) stream.destroy();
  }, HELD_OPEN_MS);
  await closed;
  clearTimeout(timer);
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(codeOf(error) ?? error.message));
    child.once("exit", (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`));
  });
}

function failure(command: readonly string[], cwd: string, exit: string, printed: string): string {
  const said = `\`${command.join(" ")}\``;
  if (exit === "ENOENT") return `${said} cannot be run: there is no program ${command[0]} on the PATH (or no directory ${cwd})`;
  if (exit === "EACCES") return `${said} cannot be run: ${command[0]} is not executable`;
  if (!exit.startsWith("exit code") && !exit.startsWith("signal")) return `${said} cannot be run: ${exit}`;
  const lines = printed.trimEnd().split("\n").slice(-MESSAGE_LINES).join("\n");
  return `${said} ended with ${exit}${lines === "" ? "" : `:\n${lines}`}`;
}
