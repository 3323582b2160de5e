import type { RenderInput } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";

/** What will run, and from which artifact. */
export async function render({ commit, digest, definition }: RenderInput): Promise<string> {
  const { command, directory, health, port, readyTimeoutMs } = settingsOf(definition, digest);
  const variables = Object.entries(definition.variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    `commit: ${commit}`,
    `artifact: ${digest ?? "none"}`,
    "command:",
    ...command.map((word) => `  - ${JSON.stringify(word)}`),
    `directory: ${directory}`,
    ...(definition.job
      ? ["job: runs to its end"]
      : [`health: ${health ?? "an open port"}`, `port: ${port ?? "chosen once"}`, `ready within: ${readyTimeoutMs} ms`]),
    ...variables.map(([name, value]) => `variable ${name}: ${JSON.stringify(value)}`),
    ...definition.credentials.toSorted().map((name) => `credential ${name}`),
  ];
  return `${lines.join("\n")}\n`;
}
