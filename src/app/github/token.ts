import { CliError, EXIT } from "../../cli/exit.ts";
import { runProgram } from "../../host/programs.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** gh looks into a keyring, which may ask its owner. */
const GH_MS = 60_000;
const GH_LIMIT = 64 * 1024;

/**
 * A person's own token for a host: the environment's, else what `gh auth login` has kept. As with gh, `GH_TOKEN` and `GITHUB_TOKEN` are for github.com and its tenants, or the host that `GITHUB_SERVER_URL` names,
 * and `GH_ENTERPRISE_TOKEN` and `GITHUB_ENTERPRISE_TOKEN` for others: none goes to a host that it is not for. Rejects with a `CliError`.
 */
export async function personToken(server: string, env: Environment, signal: AbortSignal): Promise<string> {
  const { host, hostname } = new URL(server);
  const own = hostname === "github.com" || hostname.endsWith(".ghe.com") || (env["GITHUB_SERVER_URL"] ?? "").replace(/\/+$/, "") === server;
  const names = own ? ["GH_TOKEN", "GITHUB_TOKEN"] : ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
  const given = names.map((name) => env[name]?.trim()).find((token) => token !== undefined && token !== "");
  if (given !== undefined) return given;
  const set = Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const gh = await runProgram(["gh", "auth", "token", "--hostname", host], {
    cwd: "/",
    env: set,
    signal,
    timeoutMs: GH_MS,
    limit: GH_LIMIT,
  });
  const token = gh.stdout.trim();
  if (gh.code === 0 && token !== "") return token;
  throw new CliError(
    EXIT.notAllowed,
    `There is no token for ${host}: ${names.join(" and ")} are not set, and gh has none${gh.code === null ? ` (${gh.exit})` : ""}`,
    `gh auth login --hostname ${host}, or set ${names[0]} to a token of yours`,
  );
}
