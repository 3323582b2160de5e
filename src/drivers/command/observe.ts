import { spawn } from "node:child_process";
import type { Observed } from "../../core/run/events.ts";
import type { Health } from "../../core/run/rows.ts";
import type { ObserveInput } from "../../engine/ports/driver.ts";
import { parseObject } from "../../host/answers.ts";
import { hostVariables, pick } from "../../host/environment.ts";
import { signal as signalProcess } from "../../host/processes.ts";
import { configOf } from "./config.ts";

const LARGEST = 64 * 1024;
const TIMEOUT_MS = 30_000;
const HEALTH: readonly Health[] = ["healthy", "progressing", "degraded", "unknown", "none"];

/** Asks the `observe` command. It runs in the server too, outside of any attempt, with the variables and credentials that the definition names. */
export async function observe(
  { project, target, definition }: ObserveInput,
  { signal, home }: { readonly signal: AbortSignal; readonly home: string },
): Promise<Observed> {
  if (definition === null) return { kind: "unobservable" };
  const { observe: command } = configOf(definition, null);
  if (command === undefined) return { kind: "unobservable" };
  const { service, environment, variables, credentials } = definition;
  const sluice = { SLUICE_PROJECT: project, SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment };
  const answer = await ask(command, home, { ...hostVariables(), ...variables, ...pick(process.env, credentials), ...sluice }, signal);
  return "problem" in answer
    ? { kind: "error", message: `${target}: \`${command.join(" ")}\` ${answer.problem}` }
    : understand(answer.printed, `${target}: \`${command.join(" ")}\``);
}

type Answer = { readonly printed: string } | { readonly problem: string };

function ask(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
  const [program = "", ...args] = command;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (answer: Answer) => {
      limit.removeEventListener("abort", late);
      if (child.pid !== undefined) signalProcess(-child.pid, "SIGKILL");
      child.stdout.destroy();
      resolve(answer);
    };
    const late = () => end({ problem: `did not answer within ${TIMEOUT_MS / 1000} s` });
    limit.addEventListener("abort", late);
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST) end({ problem: `printed more than ${LARGEST} bytes: it is to print one JSON object` });
    });
    child.once("error", (error) => end({ problem: `cannot be run: ${error.message}` }));
    child.once("close", (code, name) =>
      end(
        code === 0
          ? { printed: Buffer.concat(chunks).toString("utf8") }
          : { problem: `ended with ${name === null ? `exit code ${code}` : `signal ${name}`}` },
      ),
    );
    if (limit.aborted) late();
  });
}

function understand(printed: string, who: string): Observed {
  if (printed.trim() === "") return { kind: "absent" };
  const value = parseObject(printed);
  if (value === null)
    return { kind: "error", message: `${who} printed something else than one JSON object: ${printed.trim().slice(0, 200)}` };
  const { commit, digest, attempt, health, url, why, certain } = value;
  if (!isText(commit) || ![digest, attempt, url, why].every((one) => one === undefined || one === null || isText(one)))
    return {
      kind: "error",
      message: `${who} must print {"commit": "…"} and may add "digest", "attempt", "health", "url" and "why", each a text`,
    };
  const known = HEALTH.find((one) => one === health);
  if (health !== undefined && known === undefined)
    return { kind: "error", message: `${who} printed the health ${JSON.stringify(health)}; it may be ${HEALTH.join(", ")}` };
  return {
    kind: "live",
    commit,
    digest: textOrNull(digest),
    attempt: textOrNull(attempt),
    health: known ?? "none",
    url: textOrNull(url),
    ...(isText(why) ? { why, certain: certain === true } : {}),
  };
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const textOrNull = (value: unknown): string | null => (isText(value) ? value : null);
