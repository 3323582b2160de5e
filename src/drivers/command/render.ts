import type { RenderInput } from "../../engine/ports/driver.ts";
import { configOf } from "./config.ts";

/** The commands as they will be run, one argument a line, and the artifact: all that decides what happens. */
export async function render({ commit, digest, definition }: RenderInput): Promise<string> {
  const { apply, observe, rollback } = configOf(definition, digest);
  const variables = Object.entries(definition.variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    `commit: ${commit}`,
    `artifact: ${digest ?? "none"}`,
    ...commandLines("apply", apply),
    ...commandLines("rollback", rollback),
    ...commandLines("observe", observe),
    ...variables.map(([name, value]) => `variable ${name}: ${JSON.stringify(value)}`),
    ...definition.credentials.toSorted().map((name) => `credential ${name}`),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(name: string, command: readonly string[] | undefined): string[] {
  return command === undefined ? [] : [`${name}:`, ...command.map((word) => `  - ${JSON.stringify(word)}`)];
}
