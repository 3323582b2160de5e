// Plain JavaScript that an old Node parses too: it finds a Node that is new enough, and hands over to it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const MINIMUM = [24, 18];
/** Tells a child that its channel is the tie to its launcher, and not that of a program which forked it. */
const TIED = "SLUICE_TIED_TO_LAUNCHER";

/** Exit status of a program whose setup is wrong (EX_CONFIG of sysexits.h). */
export const EX_CONFIG = 78;

/** Whether the Node that runs this is new enough to run Sluice. */
export function isNewEnough() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

/** Path of the Node that npm installed beside Sluice; ends the process with status 78 and a message where there is none. */
export function findNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve(`${name}/package.json`);
    const node = path.join(path.dirname(manifest), require(manifest).bin.node);
    if (existsSync(node)) return node;
  } catch {
    // not installed: said below
  }
  fail(
    `sluice needs Node ${MINIMUM.join(".")} or newer, and this is ${process.versions.node}. ` +
      `The package ${name}, which brings one along, is not installed: install Node ${MINIMUM[0]} from https://nodejs.org, or run npm install again with optional dependencies.`,
  );
}

/**
 * Runs node with these arguments in place of this process: same terminal, same exit code, same end by signal.
 * With `tied`, a channel ties the child to this process, so that it can end when this one is killed.
 */
export function handOver(node, args, { tied }) {
  const env = tied ? { ...process.env, [TIED]: "1" } : process.env;
  const child = spawn(node, args, { env, stdio: tied ? ["inherit", "inherit", "inherit", "ipc"] : "inherit" });
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) {
    process.on(signal, () => {
      // A terminal sends these two to every process in the foreground, so the child has it already; twice would mean "at once".
      const fromTerminal =
        (signal === "SIGINT" || signal === "SIGHUP") && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`sluice could not start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Ends this process when the one that handed over to it is gone, so that killing the launcher kills Sluice. */
export function endWithLauncher() {
  if (process.env[TIED] === undefined) return;
  delete process.env[TIED];
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

/** Ends the process with a message for a person. */
export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(EX_CONFIG);
}
