import type { Command } from "commander";
import type { Check } from "../context.ts";
import { EXIT } from "../exit.ts";
import { examples } from "../options.ts";
import type { Colors } from "../output/paint.ts";
import { safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";

export function addDoctor(program: Command, perform: Perform): void {
  const command = program
    .command("doctor")
    .description(
      "Check what Sluice needs: Node, git, the repository, sluice.yaml, the store, its port, disk space, the clock. Exits 1 where something is wrong",
    )
    .action(
      perform(async (session) => {
        const checks = await session.context.doctor({ directory: session.directory, url: session.url });
        if (session.json) session.printJson(checks);
        else for (const check of checks) session.print(checkText(check, session.colors));
        return checks.some(({ status }) => status === "problem") ? EXIT.failed : EXIT.done;
      }),
    );
  examples(command, [["sluice doctor", "what is wrong, and what to do about it"]]);
}

function checkText({ name, status, message, hint }: Check, colors: Colors): string {
  const word = { ok: colors.green("ok"), warning: colors.yellow("warning"), problem: colors.red("problem") }[status];
  return `${word} ${colors.bold(name)}: ${safe(message)}${hint ? `\n  ${colors.cyan("hint:")} ${safe(hint)}` : ""}`;
}
