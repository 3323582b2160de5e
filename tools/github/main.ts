/** `npm run github-tools [name…]`: installs what checks and runs GitHub's workflows here. Exit 2: this machine lacks something, which is then named. */
import { install, ToolError } from "./install.ts";
import { TOOL_NAMES, TOOLS, toolsDirectory, type ToolName } from "./tools.ts";

const say = (line: string): void => console.error(`github-tools: ${line}`);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(TOOLS, name));

if (unknown.length > 0) {
  say(`there is no tool ${unknown.join(", ")}: ${TOOL_NAMES.join(", ")}`);
  process.exitCode = 1;
} else {
  for (const name of asked.length > 0 ? (asked as ToolName[]) : TOOL_NAMES) {
    try {
      await install(name, say);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // The others are of use without it.
      say(error.message);
      process.exitCode = 2;
    }
  }
  say(`tools are in ${toolsDirectory()}`);
}
