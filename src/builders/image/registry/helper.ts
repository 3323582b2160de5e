import { execFile } from "node:child_process";
import { parseObject } from "../../../host/answers.ts";
import { RegistryError } from "./errors.ts";

const HELPER_MS = 30_000;
const ANSWER_BYTES = 64 * 1024;
/** What helpers print where they have nothing, by their protocol. */
const NOTHING = /credentials not found/i;

/**
 * What a credential helper (`docker-credential-NAME get`) has for a server; null: nothing. It is a program of the operator's own, named in the operator's own config, and gets all of the server's environment: helpers
 * of clouds read theirs from there. Its output is in no message: it may hold what it must not.
 */
export async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ readonly username: string; readonly secret: string } | null> {
  if (!/^[\w.-]+$/.test(name)) throw new RegistryError("login", `${JSON.stringify(name)} is no name of a credential helper`);
  const program = `docker-credential-${name}`;
  const { printed, code } = await run(program, server, env, signal);
  if (code !== 0 && NOTHING.test(printed)) return null;
  const by = `try it by hand: echo ${server} | ${program} get`;
  if (code === "ENOENT") throw new RegistryError("login", `there is no credential helper ${program} on the PATH`);
  if (code !== 0) throw new RegistryError("login", `the credential helper ${program} failed (${code}); ${by}`);
  const answer = parseObject(printed);
  const [username, secret] = [answer?.["Username"], answer?.["Secret"]];
  if (typeof username !== "string" || typeof secret !== "string")
    throw new RegistryError("login", `the credential helper ${program} answered no Username and Secret; ${by}`);
  return secret === "" ? null : { username, secret };
}

async function run(
  program: string,
  server: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ readonly printed: string; readonly code: number | string }> {
  return await new Promise((resolve) => {
    const options = { env, signal, timeout: HELPER_MS, killSignal: "SIGKILL", maxBuffer: ANSWER_BYTES } as const;
    const child = execFile(program, ["get"], options, (error, stdout) =>
      resolve({ printed: stdout, code: error?.code ?? error?.signal ?? 0 }),
    );
    // one that ends without reading is told by how it ends
    child.stdin?.on("error", () => {});
    child.stdin?.end(server);
  });
}
