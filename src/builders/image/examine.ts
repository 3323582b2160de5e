import { execFile } from "node:child_process";
import type { ExamineInput, Finding, LookContext } from "../../engine/ports/driver.ts";
import { placeOf, type Place } from "./config.ts";
import { digestOf } from "./registry/registry.ts";
import { RegistryError } from "./registry/errors.ts";
import type { ImageConfig } from "./schema.ts";
import { isThere, type Tool, TOOLS } from "./tools.ts";

type Context = Omit<LookContext, "tree">;
const RUN_MS = 15_000;

/** What builds these images, and whether their registries let us read. Whether they let us push shows when somebody does. */
export async function examine(artifacts: readonly ExamineInput[], { signal }: Context): Promise<readonly Finding[]> {
  const configs = artifacts.map(({ name, config }) => ({ name, config: config as ImageConfig, place: placeOf(config) }));
  const built = configs.filter(({ config }) => config.await !== true && config.command === undefined);
  const byTool = Map.groupBy(built, ({ config }) => config.tool ?? null);
  const tools = [...byTool].map(([tool, of]) =>
    toolFinding(
      tool,
      of.map(({ name }) => name),
      signal,
    ),
  );
  const places = new Map(configs.map(({ place }) => [place.repository.name, place]));
  return await Promise.all([...tools, ...Array.from(places.values(), (place) => placeFinding(place, signal))]);
}

async function toolFinding(asked: Tool | null, names: readonly string[], signal: AbortSignal): Promise<Finding> {
  for (const tool of TOOLS.filter((one) => (asked ?? one) === one && isThere(one, process.env))) {
    const version = await said(tool, tool === "docker" ? ["buildx", "version"] : ["--version"], signal);
    if (version !== null && (tool !== "docker" || (await said(tool, ["buildx", "inspect"], signal)) !== null))
      return { level: "ok", subject: tool, message: `${version}, builds ${names.join(", ")}`, hint: null };
  }
  return {
    level: "problem",
    subject: "image",
    message: `nothing here builds ${names.join(", ")}: no ${asked ?? "docker with buildx and a builder that answers, no buildah, no podman"}`,
    hint: "install one, name a `command`, or let CI push it (`await: true`)",
  };
}

/** The first line that a program prints; null where it does not run or says no. */
async function said(program: string, args: readonly string[], signal: AbortSignal): Promise<string | null> {
  return await new Promise((resolve) => {
    execFile(program, args, { signal, timeout: RUN_MS, killSignal: "SIGKILL" }, (error, stdout) =>
      resolve(error ? null : (stdout.split("\n")[0] ?? "")),
    );
  });
}

async function placeFinding({ repository, plain }: Place, signal: AbortSignal): Promise<Finding> {
  const subject = repository.name;
  try {
    // whether it is there does not matter: only that the registry tells
    await digestOf(repository, "latest", { plain, env: process.env, signal });
    return { level: "ok", subject, message: "its registry answers", hint: null };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const hint = { login: `docker login ${repository.host}, as the user that runs sluice`, odd: "look at `repository`", unreachable: null };
    return { level: "problem", subject, message: error.message, hint: hint[error.code] };
  }
}
