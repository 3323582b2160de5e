import { rm } from "node:fs/promises";
import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../host/files.ts";
import { isAlive } from "./owner.ts";
import { makePrivateDirectory, readPrivate } from "./private-file.ts";

/** A server of this user on this machine: how to reach it and who it is. `startedAt` as in `Owner`. */
export type Server = { readonly url: string; readonly token: string; readonly pid: number; readonly startedAt: string };

const schema = z.object({ url: z.string(), token: z.string(), pid: z.int().positive(), startedAt: z.string() });

/** A folder and how many of its last parts must be this user's alone: `servers` and `sluice` (or `sluice-<uid>`). */
type Place = { readonly folder: string; readonly tops: 2 };

/** In order of preference: the user's state directory (XDG base directory specification), and a private one below the temporary directory where home cannot be written. */
function places(env: NodeJS.ProcessEnv): readonly Place[] {
  const asked = env["XDG_STATE_HOME"];
  const state = asked && isAbsolute(asked) ? asked : join(env["HOME"] || homedir(), ".local", "state");
  const user = process.getuid?.() ?? userInfo().username;
  return [
    { folder: join(state, "sluice", "servers"), tops: 2 },
    { folder: join(tmpdir(), `sluice-${user}`, "servers"), tops: 2 },
  ];
}

/** Notes a server, so that a CLI of the same user that knows only its address finds the token. Throws where neither place is private and writable. */
export async function registerServer(server: Server, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const problems: unknown[] = [];
  for (const { folder, tops } of places(env)) {
    try {
      await makePrivateDirectory(folder, tops);
      writeWhole(join(folder, fileName(server.url)), JSON.stringify(server));
      return;
    } catch (error) {
      problems.push(error);
    }
  }
  throw new AggregateError(
    problems,
    `The server's token cannot be kept where only you can read it: ${problems.map((problem) => (problem instanceof Error ? problem.message : String(problem))).join("; ")}`,
  );
}

/**
 * The running server of this user at an address; null where none is noted. `localhost` finds one on a loopback address.
 * Talk to the `url` that is returned, not to the one asked: the token belongs to that one alone.
 */
export async function findServer(url: string, env: NodeJS.ProcessEnv = process.env): Promise<Server | null> {
  for (const candidate of candidates(url)) {
    for (const { folder, tops } of places(env)) {
      const server = parse(await readPrivate(join(folder, fileName(candidate)), tops));
      // A port that a dead server left may be another user's by now.
      if (server && isAlive(server)) return server;
    }
  }
  return null;
}

/** Forgets a server of this process. */
export async function unregisterServer(url: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  for (const { folder, tops } of places(env)) {
    const file = join(folder, fileName(url));
    if (parse(await readPrivate(file, tops))?.pid === process.pid) await rm(file, { force: true });
  }
}

function candidates(url: string): string[] {
  const at = new URL(url);
  if (at.hostname !== "localhost") return [url];
  const port = at.port ? `:${at.port}` : "";
  return [url, `${at.protocol}//127.0.0.1${port}`, `${at.protocol}//[::1]${port}`];
}

function fileName(url: string): string {
  const at = new URL(url);
  const port = at.port || (at.protocol === "https:" ? "443" : "80");
  return `${at.hostname.replaceAll(/[^a-zA-Z0-9.-]/g, "_")}-${port}.json`;
}

function parse(text: string | null): Server | null {
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
