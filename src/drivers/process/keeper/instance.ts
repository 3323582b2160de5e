import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { endRemains, findMarkedFrom, identify, isAlive, signal } from "../../../host/processes.ts";
import type { ServiceLog } from "./log.ts";
import { HOST } from "./ports.ts";
import type { InstanceRecord, Release } from "./state.ts";

/** Each instance carries `<keeper's directory>:<id>`, so that whatever it starts is found again, by the next keeper too. */
export const MARKER = "SLUICE_INSTANCE";
const LOOK_MS = 200;

/** A process that runs a release: of this keeper, or left by one before it. */
export class Instance {
  readonly record: InstanceRecord;
  /** Resolves to how it ended, in words. */
  readonly ended: Promise<string>;
  readonly startedAt = performance.now();
  readonly #directory: string;

  private constructor(record: InstanceRecord, ended: Promise<string>, directory: string) {
    this.record = record;
    this.ended = ended;
    this.#directory = directory;
  }

  /** Starts one; rejects, in words, where that cannot be. */
  static async start(release: Release, port: number, log: ServiceLog, directory: string): Promise<Instance> {
    const [program = "", ...args] = release.command;
    const id = randomUUID();
    const output = log.open();
    try {
      const child = spawn(program, args, {
        cwd: release.cwd,
        detached: true,
        stdio: ["ignore", output.fd, output.fd],
        env: { ...release.env, PORT: String(port), HOST, [MARKER]: `${directory}:${id}` },
      });
      await begun(child, program, release.cwd);
      const identity = identify(child.pid ?? -1) ?? { pid: child.pid ?? -1, start: "" };
      return new Instance({ ...identity, id, port }, endOf(child), directory);
    } finally {
      output.close();
    }
  }

  /** One that an earlier keeper started; null where it is gone. */
  static adopt(record: InstanceRecord, directory: string): Instance | null {
    return isAlive(record) ? new Instance(record, goneOf(record), directory) : null;
  }

  alive(): boolean {
    return isAlive(this.record);
  }

  /** TERM, then KILL after the grace, for it and all that it started. Resolves when all of it is gone. */
  async end(graceMs: number): Promise<void> {
    await endInstance(this.record, this.#directory, graceMs);
  }
}

/** Ends an instance whoever started it; does nothing where it is gone. */
export async function endInstance(record: InstanceRecord, directory: string, graceMs: number): Promise<void> {
  // The group is this instance's for as long as its leader lives or members are left; a number that was found dead may be another's group by now.
  const remains = { groups: isAlive(record) ? [record] : [], marker: { [MARKER]: `${directory}:${record.id}` } };
  // What is stuck in the kernel is not given up: a keeper forgets an instance only when nothing of it lives.
  for (let grace = graceMs; !(await endRemains(remains, grace)); grace = 0);
}

/** Ends what instances have left that no record names: those of a keeper that was killed before it could write one. */
export async function endStrays(directory: string, known: ReadonlySet<string>): Promise<void> {
  for (let rounds = 0; rounds < 50; rounds++) {
    const strays = findMarkedFrom(MARKER, `${directory}:`).filter(({ value }) => !known.has(value.slice(directory.length + 1)));
    if (strays.length === 0) return;
    for (const { pid } of strays) signal(pid, "SIGKILL");
    await pause(20);
  }
}

function begun(child: ChildProcess, program: string, cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => {
      const nothing = error.message.includes("ENOENT");
      const reason = !nothing
        ? error.message
        : existsSync(cwd)
          ? `there is no program ${program} on the PATH`
          : `there is no directory ${cwd}`;
      reject(new Error(`\`${program}\` cannot be run: ${reason}`));
    });
  });
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.once("exit", (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`)));
}

async function goneOf(record: InstanceRecord): Promise<string> {
  while (isAlive(record)) await pause(LOOK_MS);
  return "unknown to this keeper, which did not start it";
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
