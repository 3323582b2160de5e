import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createClient, type ClientOptions } from "../../contract/client.ts";
import type { Connection, DemoOptions } from "../../cli/context.ts";
import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import { colorsOf, wantsColors } from "../../cli/output/paint.ts";
import { stopAll } from "../../drivers/process/index.ts";
import { endAttempts } from "../../executor/local/index.ts";
import { readOwner, type Owner } from "../../store/owner.ts";
import { forPeople } from "../errors.ts";
import { projectAt, type Project } from "../project.ts";
import { aborted, start, type Host, type Running } from "../serve.ts";
import { currentUser } from "../user.ts";
import { HarborError, resetHarbor, seedHarbor, type HarborCommit, type HarborVariant } from "./harbor.ts";
import { Narrator } from "./narrator.ts";
import { tellStory } from "./story.ts";

/** `sluice demo`: the sample, deployed, until Ctrl-C; then nothing of it runs any more. */
export async function demo(options: DemoOptions, host: Host, variant: HarborVariant | null = null): Promise<ExitCode> {
  const directory = resolve(options.directory, host.env["SLUICE_DEMO_DIR"] || ".demo");
  const project = projectAt(join(directory, "harbor"));
  const owner = await readOwner(project.home);
  if (owner !== null) throw runsAlready(owner, directory);
  const commits = await seed(directory, project, options.reset, variant);
  const running = await forPeople(() => start(project, { host: null, port: options.port, policyRef: null, standby: false }, host));
  let isDeposed = false;
  void running.deposed.then(() => (isDeposed = true));
  try {
    host.out(`The sample is in ${project.root}; the page shows it.`);
    host.out(`SLUICE_URL=${running.server.url}`);
    return await play(running, commits, host);
  } finally {
    // What runs is the new owner's by then.
    if (!isDeposed) host.note("Stopping everything that the demo has started");
    await running.close();
    if (!isDeposed) await endAttempts(project.home);
    if (!isDeposed) await stopAll(project.home);
  }
}

function runsAlready(owner: Owner, directory: string): CliError {
  return new CliError(
    EXIT.failed,
    `The demo in ${directory} runs already, as process ${owner.pid}${owner.url === null ? "" : `: SLUICE_URL=${owner.url}`}`,
    "Use that one, end it with Ctrl-C, or name another directory in SLUICE_DEMO_DIR",
  );
}

async function seed(directory: string, project: Project, reset: boolean, variant: HarborVariant | null): Promise<readonly HarborCommit[]> {
  try {
    await mkdir(directory, { recursive: true });
    // Whatever repository it lies in, it is not part of it.
    await writeFile(join(directory, ".gitignore"), "*\n");
    if (!reset) return (await seedHarbor(project.root, variant)).commits;
    await endAttempts(project.home);
    await stopAll(project.home);
    await rm(project.home, { recursive: true, force: true });
    return (await resetHarbor(project.root, variant)).commits;
  } catch (error) {
    if (error instanceof HarborError) throw new CliError(EXIT.failed, error.message, null, { cause: error });
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(EXIT.failed, `${path ?? directory} cannot be written (${code})`, "Name a directory of your own in SLUICE_DEMO_DIR", {
      cause: error,
    });
  }
}

async function play({ application, server, deposed }: Running, commits: readonly HarborCommit[], host: Host): Promise<ExitCode> {
  const api: ClientOptions = { baseUrl: server.url, fetch: application.fetch, token: application.ownerToken, actor: currentUser(host.env) };
  const connection: Connection = { client: createClient(api), api, drivenBy: "this process", close: async () => {} };
  const colors = colorsOf(wantsColors(host.env, process.stdout.isTTY, true));
  const narrator = new Narrator(connection, colors, host.out);
  const { told } = await narrator.start(host.interrupted);
  const story = tellStory({ connection, narrator, commits, print: host.out, url: server.url });
  const ended = await Promise.race([aborted(host.interrupted), deposed, broken(told), broken(story)]);
  if (ended === null) return EXIT.done;
  host.note(`error: ${ended.message}`);
  return EXIT.failed;
}

/** Settles only if the work fails: a story that has been told to its end ends nothing. */
function broken(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch(reject);
  });
}
