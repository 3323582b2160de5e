import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { endStrays } from "./instance.ts";
import { ServiceLog } from "./log.ts";
import type { Act, Requests } from "./protocol.ts";
import { takenPorts, newState, States, type TargetState } from "./state.ts";
import { Target } from "./target.ts";

type Handlers = { readonly [A in Act]: (ask: Requests[A]["ask"]) => Promise<Requests[A]["answer"]> };

/** Keeps the services of one environment running. */
export class Keeper {
  readonly #directory: string;
  readonly #environment: string;
  readonly #say: (text: string) => void;
  readonly #states: States;
  readonly #targets = new Map<string, Target>();

  /** @param directory `home/drivers/process/<environment>` */
  constructor(directory: string, environment: string, say: (text: string) => void) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.#environment = environment;
    this.#say = say;
    this.#states = new States(directory);
  }

  /** Takes over what an earlier keeper has left. */
  async takeOver(): Promise<void> {
    const states = this.#states.all();
    const known = states.flatMap(({ live, candidate, leaving }) =>
      [live?.instance, candidate, ...leaving].flatMap((one) => (one ? [one.id] : [])),
    );
    await endStrays(this.#directory, new Set(known));
    await Promise.all(states.map((state) => this.#add(state).takeOver()));
  }

  readonly handlers: Handlers = {
    apply: ({ service, release }) => (this.#targets.get(service) ?? this.#add(newState(service))).apply(release),
    cancel: async ({ service, attempt }) => {
      this.#targets.get(service)?.cancel(attempt);
      return null;
    },
    observe: async ({ service }) => (await this.#targets.get(service)?.observe()) ?? { kind: "absent" },
    resume: async ({ service, commit, digest }) => {
      const target = this.#targets.get(service);
      return target ? await target.resume(commit, digest) : "the keeper has nothing on record: deploy it again";
    },
    stop: async () => {
      await Promise.all([...this.#targets.values()].map((target) => target.stop()));
      return null;
    },
    ping: async () => null,
  };

  /** Nothing runs here, and nothing is to. */
  idle(): boolean {
    return [...this.#targets.values()].every((target) => target.idle());
  }

  #add(state: TargetState): Target {
    const target = new Target(state, {
      environment: this.#environment,
      directory: this.#directory,
      log: new ServiceLog(join(this.#directory, `${state.service}.log`)),
      save: (next) => this.#states.save(next),
      taken: () => takenPorts(this.#directory),
      say: this.#say,
    });
    this.#targets.set(state.service, target);
    return target;
  }
}
