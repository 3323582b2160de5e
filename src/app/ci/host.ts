import type { CiRequest } from "../../cli/context.ts";
import { wait } from "../../host/wait.ts";
import { systemClock } from "../clock.ts";
import type { Host } from "../serve.ts";
import type { CiHost } from "./place.ts";

/** A job as this process has it. */
export const ciHost = ({ env, interrupted }: Host, { directory, json }: Pick<CiRequest, "directory" | "json">): CiHost => {
  const out = (text: string): void => void (json ? process.stderr : process.stdout).write(text);
  return {
    env,
    directory,
    interrupted,
    out,
    clock: systemClock,
    forge: async () => {
      const [{ accessFrom }, { githubForge }] = await Promise.all([
        import("../../github/api/access.ts"),
        import("../../github/api/forge.ts"),
      ]);
      // Not ended when the job is cancelled: what then became of its targets is still to be written down.
      return githubForge(accessFrom(env), { note: (line) => out(`${line}\n`) });
    },
    wait,
  };
};
