import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readText, writeDurably } from "../../../host/files.ts";
import type { Identity } from "../../../host/processes.ts";

/** What is to run: all that is needed to start it again without anybody's help. Holds credentials, so that its file is its owner's alone. */
export type Release = {
  /** The fence: the attempt that brought it. */
  readonly attempt: string;
  readonly commit: string;
  readonly digest: string | null;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Path that answers 2xx when it is ready; null where an open port is enough. */
  readonly health: string | null;
  /** The public port that is asked for; null: one that is chosen once and kept. */
  readonly port: number | null;
  readonly readyTimeoutMs: number;
};

/** A process that runs a release, on a port of its own. `id` is in its environment. */
export type InstanceRecord = Identity & { readonly id: string; readonly port: number };

export type Answer =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly changed: boolean; readonly message: string };

/** What the keeper knows of one service; on disk before it is true of the world, so that whoever takes over finds everything that may run. */
export type TargetState = {
  readonly service: string;
  /** The port that clients use; once chosen it stays. 0: none yet. */
  readonly port: number;
  readonly live: { readonly release: Release; readonly instance: InstanceRecord | null } | null;
  /** Started for an apply that has not been decided. */
  readonly candidate: InstanceRecord | null;
  /** Replaced ones that are being drained. */
  readonly leaving: readonly InstanceRecord[];
  /** How applies ended, newest last: the same attempt gets the same answer. */
  readonly answers: readonly { readonly attempt: string; readonly answer: Answer }[];
};

const ANSWERS = 20;

/** Services' files of one environment. */
export class States {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, "targets");
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  all(): TargetState[] {
    return statesIn(this.#directory);
  }

  save(state: TargetState): void {
    const kept = { ...state, answers: state.answers.slice(-ANSWERS) };
    writeDurably(join(this.#directory, `${state.service}.json`), JSON.stringify(kept));
  }
}

export const newState = (service: string): TargetState => ({ service, port: 0, live: null, candidate: null, leaving: [], answers: [] });

/** Whether the environment knows the service; touches nothing. */
export function isRecorded(directory: string, service: string): boolean {
  return readText(join(directory, "targets", `${service}.json`)) !== null;
}

/** Ports that services of any environment of this store have on record: public ones, whether or not they run now, and those of instances. */
export function takenPorts(directory: string): Set<number> {
  const parent = join(directory, "..");
  return new Set(readdirSync(parent).flatMap((environment) => statesIn(join(parent, environment, "targets")).flatMap(portsOf)));
}

function portsOf({ port, live, candidate, leaving }: TargetState): number[] {
  return [port, ...[live?.instance, candidate, ...leaving].flatMap((one) => (one ? [one.port] : []))];
}

function statesIn(directory: string): TargetState[] {
  if (!existsSync(directory)) return []; // no environment, or one that is being made
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return names.map((name) => JSON.parse(readText(join(directory, name)) ?? "") as TargetState);
}
