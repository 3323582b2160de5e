import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

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
