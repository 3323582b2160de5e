import type { CliContext, Output } from "../cli/context.ts";
import { hostZones } from "../engine/zones.ts";
import { packageVersion } from "./package-files.ts";
import type { Host } from "./serve.ts";

type Stream = NodeJS.WriteStream;

/** What commands touch, as this process has it. What only some of them need is loaded when they do. */
export function processContext(interrupted: AbortSignal): CliContext {
  const { env } = process;
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  const host: Host = { env, interrupted, out: (line) => void process.stdout.write(`${line}\n`), note };
  return {
    version: packageVersion(),
    cwd: process.cwd(),
    env,
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    interrupted,
    now: () => Date.now(),
    confirm: async (question) => {
      const { confirm, isCancel } = await import("@clack/prompts");
      const agreed = await confirm({ message: question, output: process.stderr, signal: interrupted });
      return isCancel(agreed) ? null : agreed;
    },
    zones: hostZones,
    adapters: async () => (await import("./registry.ts")).adapterSchemas(),
    connect: async (request) => (await import("./connect.ts")).connect(request, { env, interrupted, note }),
    serve: async (options) => (await import("./serve.ts")).serve(options, host),
    demo: async (options) => (await import("./demo/demo.ts")).demo(options, host),
    ci: async (request) => {
      const [{ ci }, { ciHost }] = await Promise.all([import("./ci/ci.ts"), import("./ci/host.ts")]);
      return ci(request, ciHost(host, request));
    },
    github: async (options) => (await import("./github/gates.ts")).githubGates(options, { env, interrupted, note }),
    githubDoctor: async (options) => (await import("./github/doctor.ts")).githubDoctor(options, { env, interrupted, note }),
    githubConnect: async (options, tell) =>
      (await import("./github/connect/connect.ts")).githubConnect(options, { env, interrupted, note, tell }),
    githubApps: async ({ directory }) => (await import("./github/disconnect.ts")).keptApps(directory),
    doctor: async (options) => (await import("./doctor.ts")).doctor(options, env),
    workflows: async (options) => (await import("./workflows.ts")).workflows(options),
  };
}

const outputOf = (stream: Stream): Output => ({
  write: (text) => void stream.write(text),
  isTTY: stream.isTTY,
  get columns() {
    return stream.columns || 80;
  },
});
