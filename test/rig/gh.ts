import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** gh, where `npm run github-tools` has put it, else from the PATH; null: it is not here. */
export function findGh(): string | null {
  const { SLUICE_GITHUB_TOOLS: own, XDG_CACHE_HOME: xdg, PATH = "" } = process.env;
  const tools = own || join(xdg || join(homedir(), ".cache"), "sluice", "github");
  const places = [join(tools, "gh-2.103.3", "bin"), ...PATH.split(delimiter)];
  return places.map((place) => join(place, "gh")).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** An environment in which gh asks the double at `socket`, whatever host it means, and knows nobody's login but what is given. */
export function ghEnvironment(
  gh: string,
  directory: string,
  config: { readonly socket?: string; readonly hosts?: Readonly<Record<string, string>> },
) {
  mkdirSync(directory, { recursive: true });
  const { socket, hosts = {} } = config;
  writeFileSync(join(directory, "config.yml"), `version: "1"\n${socket === undefined ? "" : `http_unix_socket: ${socket}\n`}`);
  const known = Object.entries(hosts).map(
    ([host, token]) => `"${host}":\n    oauth_token: ${token}\n    user: somebody\n    git_protocol: https\n`,
  );
  writeFileSync(join(directory, "hosts.yml"), known.join(""), { mode: 0o600 });
  return {
    PATH: `${dirname(gh)}${delimiter}${process.env["PATH"] ?? ""}`,
    HOME: directory,
    GH_CONFIG_DIR: directory,
    GH_NO_UPDATE_NOTIFIER: "1",
    GH_PROMPT_DISABLED: "1",
    NO_COLOR: "1",
  };
}
