import { setTimeout as sleep } from "node:timers/promises";
import type { AttemptSpec } from "../../../core/run/effects.ts";
import { type AttemptContext, CommandFailed } from "../../../engine/ports/driver.ts";
import type { AttemptEnd } from "../../../engine/ports/executor.ts";
import { type AttemptInput, claim, filesOf, markerOf, readInput, writeEnd } from "../attempt-directory.ts";
import { AttemptLog } from "./attempt-log.ts";
import { Commands } from "./commands.ts";
import { environmentOf } from "./environment.ts";
import { type AttemptRegistry, build, deploy, mayHaveChanged, soak, verify } from "./kinds.ts";
import { secretsOf } from "./mask.ts";

export type { AttemptRegistry } from "./kinds.ts";

/** Room for a driver to let go after its commands have been ended. */
const SETTLE_MS = 1500;
/** How long an outcome that cannot be written (a full disk) is tried; then the process leaves, and its target is observed. */
const OUTCOME_TRIES = { every: 500, times: 240 };

/** Why an attempt was ended from outside of its driver. */
class Ended extends Error {
  readonly outcome: "cut" | "failed";
  constructor(outcome: "cut" | "failed", message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** To abort an attempt with: it ends as cut. */
export const STOPPED = new Ended("cut", "stopped while it ran");
/** To abort an attempt with: nobody wants to know how it ends, and no outcome is written. */
export const LET_GO = new Ended("cut", "let go");

/** Carries out the attempt that is recorded in the directory, unless another process has it. Everything that it says is in files there. */
export async function runAttempt(directory: string, registry: AttemptRegistry): Promise<void> {
  const ending = new AbortController();
  process.on("SIGTERM", () => ending.abort(STOPPED));
  if (claim(directory)) await runClaimed(directory, registry, ending);
}

/** Carries out an attempt that the caller has claimed. */
export async function runClaimed(directory: string, registry: AttemptRegistry, ending: AbortController): Promise<void> {
  const input = readInput(directory);
  const end = await carryOut(directory, input, registry, ending);
  if (ending.signal.reason !== LET_GO) await writeInTheEnd(directory, end);
}

async function carryOut(directory: string, input: AttemptInput, registry: AttemptRegistry, ending: AbortController): Promise<AttemptEnd> {
  const { spec, home, source, graceMs } = input;
  const { env, secrets, missing } = environmentOf(spec, home, process.env);
  const files = filesOf(directory);
  const log = new AttemptLog(files.log, input.logLimit, secretsOf(secrets));
  const commands = new Commands({ log, signal: ending.signal, graceMs, children: files.children, marker: markerOf(spec.id, directory) });
  const tree = (folder: string) => registry.tree(source, home, spec.commit, folder);
  const context: AttemptContext = { signal: ending.signal, log: (text) => log.line(text), run: commands.run, env, home, tree };
  for (const name of missing) log.line(`sluice: the credential ${name} is not set in the server's environment`);
  const limit = limitOf(spec);
  const timer = setTimeout(
    () => ending.abort(new Ended("failed", `took longer than ${limit.ms / 1000} s and was ended; \`${limit.key}\` raises the limit`)),
    Math.min(limit.ms, 2 ** 31 - 1),
  );
  try {
    const end = await settled(work(spec, source, registry, context), ending.signal, graceMs + SETTLE_MS);
    return { ...end, message: end.message === null ? null : log.mask(end.message) };
  } catch (error) {
    await commands.end();
    const changed = spec.kind === "deploy" && (await mayHaveChanged(spec, registry, home));
    const { outcome, message } =
      ending.signal.reason instanceof Ended ? ending.signal.reason : { outcome: outcomeOf(error), message: messageOf(error) };
    log.line(`sluice: ${message}`);
    return { outcome, message: log.mask(message), digest: null, changed, url: null };
  } finally {
    clearTimeout(timer);
    await commands.end();
    log.close();
  }
}

function work(spec: AttemptSpec, source: string, registry: AttemptRegistry, context: AttemptContext): Promise<AttemptEnd> {
  switch (spec.kind) {
    case "build":
      return build(spec, source, registry, context);
    case "deploy":
      return deploy(spec, registry, context);
    case "verify":
      return verify(spec, registry, context);
    case "soak":
      return soak(spec, registry, context);
  }
}

/** The end of the work; rejects when it was to end and does not within `patienceMs`. */
async function settled(work: Promise<AttemptEnd>, signal: AbortSignal, patienceMs: number): Promise<AttemptEnd> {
  let timer: NodeJS.Timeout | undefined;
  let impatient = (): void => {};
  const impatience = new Promise<never>((_, reject) => {
    impatient = () => (timer = setTimeout(() => reject(new Error("did not let go")), patienceMs));
    signal.addEventListener("abort", impatient, { once: true });
  });
  try {
    return await Promise.race([work, impatience]);
  } finally {
    signal.removeEventListener("abort", impatient);
    clearTimeout(timer); // an orchestrator that carries it out itself is to end at once
  }
}

/** How long the whole attempt may take, in ms, and the key of the config that says so. A verify's and a soak's own clocks come first: theirs is for a driver that hangs. */
function limitOf(spec: AttemptSpec): { readonly ms: number; readonly key: string } {
  switch (spec.kind) {
    case "build":
      return { ms: spec.artifact.timeoutMs, key: `artifacts.${spec.artifact.name}.timeout` };
    case "deploy":
      return { ms: spec.timeoutMs, key: `services.${spec.definition.service}.deploy.timeout` };
    case "verify":
    case "soak": {
      const { verify: check, service } = spec.definition;
      return {
        ms: (check?.timeoutMs ?? spec.timeoutMs) + 30_000 + (spec.kind === "soak" ? (check?.soakMs ?? 0) : 0),
        key: `services.${service}.verify.timeout`,
      };
    }
  }
}

async function writeInTheEnd(directory: string, end: AttemptEnd): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      writeEnd(directory, end);
      return;
    } catch (error) {
      if (tries === OUTCOME_TRIES.times) throw error;
      await sleep(OUTCOME_TRIES.every);
    }
  }
}

/** A command that ran and said no has failed; whatever else breaks leaves us not knowing. */
function outcomeOf(error: unknown): "failed" | "errored" {
  return error instanceof CommandFailed && error.exitCode !== null ? "failed" : "errored";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
