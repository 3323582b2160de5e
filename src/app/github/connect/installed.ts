import type { Check } from "../../../cli/context.ts";
import { CliError, EXIT } from "../../../cli/exit.ts";
import { examineApp } from "../../../github/app/examine.ts";
import type { Remote } from "../../../github/gates/remote.ts";
import { ForgeError } from "../../../github/forge.ts";
import { wait } from "../../../host/wait.ts";
import type { StoredApp } from "../app-file.ts";
import { stateOf } from "./ask.ts";
import { type Host, interruptedWith, WAITS } from "./host.ts";

/** Resolves to what is to be said of the App once it is installed as it should be. Rejects with a `CliError`: by Ctrl-C, after an hour, or where the App is no more. */
export async function waitUntilInstalled(app: StoredApp, remote: Remote, publicUrl: string | null, host: Host): Promise<readonly Check[]> {
  const { first, longest, installation } = host.waits ?? WAITS;
  const until = performance.now() + installation;
  let told = "";
  for (let pause = first; ; pause = Math.min(pause * 1.5, longest)) {
    const checks = await look(app, remote, publicUrl, host);
    if (checks.every(({ status }) => status !== "problem")) return checks;
    const open = checks.filter(({ status }) => status === "problem").map(({ message, hint }) => `${message}: ${hint ?? ""}`);
    if (open.join() !== told) [...open, "It waits for that; Ctrl-C leaves it for later"].forEach(host.tell);
    told = open.join();
    if (performance.now() > until)
      throw new CliError(
        EXIT.failed,
        `The App ${app.name} is not as it should be after an hour: ${open.join("; ")}`,
        "Then: sluice github connect",
      );
    await patiently(pause, app, host);
  }
}

/** What could not be asked just now is looked at again; an App that is no more ends it. */
async function look(app: StoredApp, remote: Remote, publicUrl: string | null, host: Host): Promise<readonly Check[]> {
  try {
    return examineApp(await stateOf(app, host), { remote, publicUrl: publicUrl ?? app.publicUrl });
  } catch (error) {
    if (host.interrupted.aborted) throw left(app);
    if (!(error instanceof ForgeError) || (error.code !== "unavailable" && error.code !== "limited")) throw error;
    return [{ name: "app", status: "problem", message: error.message, hint: error.hint }];
  }
}

async function patiently(ms: number, app: StoredApp, { interrupted }: Host): Promise<void> {
  try {
    await wait(ms, interrupted);
  } catch {
    throw left(app);
  }
}

const left = ({ name }: StoredApp): CliError => interruptedWith(`the App ${name} is made, and kept`, "Go on: sluice github connect");
