import { execFileSync } from "node:child_process";
import { appendFileSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { seedHarbor } from "../../../src/app/demo/harbor.ts";

type Files = Readonly<Record<string, string>>;

/**
 * Runs before a build and before each service: notes that it starts, stands still while there is a pipe of its name, ends where it is to fail, and
 * says that it is another commit where it is to be wrong.
 * What it looks at lies outside the tree, so that a test changes it without a commit.
 */
const PROBE = (control: string): string => `import { appendFileSync, existsSync, openSync, readFileSync } from "node:fs";
const { SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment, SLUICE_COMMIT: commit } = process.env;
const what = service === undefined ? "build" : service + "@" + environment;
const control = ${JSON.stringify(control)} + "/";
appendFileSync(control + "starts", what + " " + commit + "\\n");
if (existsSync(control + "pipe-" + what)) {
  try {
    openSync(control + "pipe-" + what, "r"); // until somebody opens it for writing
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // gone since: released
  }
}
if (existsSync(control + "fail-" + what)) {
  console.error(what + " was told to fail");
  process.exit(1);
}
if (existsSync(control + "wrong-" + what) && readFileSync(control + "wrong-" + what, "utf8") === commit) process.env.SLUICE_COMMIT = "another";
`;

/** A clock that the host has set forward. */
const CLOCK = (control: string): string => `import { readFileSync } from "node:fs";
const ahead = Number(readFileSync(${JSON.stringify(control)} + "/ahead", "utf8"));
const now = Date.now;
globalThis.Date.now = () => now() + ahead;
`;

/** A copy of the sample's repository, in which a test commits, and whose processes it makes stand still or fail from outside. */
export class Sample {
  readonly root: string;
  /** Everything of this test is in here. */
  protected readonly directory: string;
  /** Nothing of this machine's user. */
  protected readonly env: Readonly<Record<string, string | undefined>>;
  readonly #control: string;

  protected constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "sluice-story-"));
    this.root = join(this.directory, "harbor");
    this.#control = join(this.directory, "control");
    mkdirSync(this.#control);
    writeFileSync(join(this.#control, "starts"), "");
    writeFileSync(join(this.#control, "ahead"), "0");
    writeFileSync(this.clock, CLOCK(this.#control));
    this.env = {
      PATH: process.env["PATH"],
      HOME: this.directory,
      XDG_STATE_HOME: join(this.directory, "state"),
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  /** Makes the repository, with these `environments:` (and `teams:`) on its main. */
  protected async prepare(environments: string, edit: (file: string) => string): Promise<void> {
    await seedHarbor(this.root);
    const file = readFileSync(join(this.root, "sluice.yaml"), "utf8");
    const probed = changedBy(file, (text) => text.replaceAll("[node, ", "[node, --import, ./tools/probe.js, "));
    this.commit("probes", { "tools/probe.js": PROBE(this.#control), "sluice.yaml": edit(withPolicy(probed, environments)) });
  }

  /** A module that a process has to import to live by the test's clock. */
  protected get clock(): string {
    return join(this.#control, "clock.mjs");
  }

  /** Processes that start from now on live this much later. */
  protected setForward(ms: number): void {
    const ahead = join(this.#control, "ahead");
    writeFileSync(ahead, String(Number(readFileSync(ahead, "utf8")) + ms));
  }

  // the repository

  git(...args: readonly string[]): string {
    const person = ["-c", "user.name=Ana Ruiz", "-c", "user.email=ana@harbor.example", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...person, ...args], { cwd: this.root, encoding: "utf8", env: { ...process.env, ...this.env } }).trim();
  }

  /** Commits these files to the branch that is checked out. */
  commit(message: string, files: Files): string {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, name)), { recursive: true });
      writeFileSync(join(this.root, name), text);
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  #changes = 0;
  /** A commit, like no other, that changes something at the paths of each of these. */
  change(...services: readonly string[]): string {
    this.#changes++;
    for (const service of services) appendFileSync(join(this.root, folderOf(service), "NOTES"), `change ${this.#changes}\n`);
    return this.commit(`${services.join(" and ")}: changed`, {});
  }

  /** Edits the file of the branch that is checked out. */
  edit(message: string, change: (file: string) => string): string {
    return this.commit(message, { "sluice.yaml": changedBy(readFileSync(join(this.root, "sluice.yaml"), "utf8"), change) });
  }

  policy(environments: string): string {
    return this.edit("policy", (file) => withPolicy(file, environments));
  }

  /** How often each target's process, and `build`, was started for a commit. */
  starts(commit: string): Readonly<Record<string, number>> {
    const lines = readFileSync(join(this.#control, "starts"), "utf8").split("\n");
    const mine = lines.flatMap((line) => (line.endsWith(` ${commit}`) ? [line.split(" ")[0] ?? ""] : []));
    return Object.fromEntries([...Map.groupBy(mine, (what) => what)].map(([what, times]) => [what, times.length]));
  }

  // what goes wrong: a target's process such as `api@devnet`, or `build`

  /** Whatever of this name starts from now on stands still. */
  hang(what: string): void {
    execFileSync("mkfifo", [join(this.#control, `pipe-${what}`)]);
  }

  release(what: string): void {
    const pipe = join(this.#control, `pipe-${what}`);
    // Read and write at once: opens without waiting for a reader, and ends every reader when it is closed.
    const descriptor = openSync(pipe, "r+");
    rmSync(pipe);
    closeSync(descriptor);
  }

  /** Whatever of this name starts from now on ends with an error. */
  fail(what: string): void {
    writeFileSync(join(this.#control, `fail-${what}`), "");
  }

  mend(what: string): void {
    rmSync(join(this.#control, `fail-${what}`));
  }

  /** A service that starts at this commit, and says that it is another: it is there, and does not pass its checks. */
  wrong(what: string, commit: string): void {
    writeFileSync(join(this.#control, `wrong-${what}`), commit);
  }

  /** Nothing hangs or fails any more, whatever a test has left behind. */
  calm(): void {
    for (const name of readdirSync(this.#control)) {
      const [kind, what = ""] = name.split(/-(.*)/s);
      if (kind === "pipe") this.release(what);
      if (kind === "fail") this.mend(what);
    }
  }
}

const folderOf = (service: string): string => (service === "web" || service === "admin" ? `apps/${service}` : `services/${service}`);

/** The sample's file with another policy in the place of its own. */
function withPolicy(file: string, environments: string): string {
  const policy = /^(?:teams:.*\n)?environments:\n[\s\S]*?(?=^#.*One build for all)/m;
  return changedBy(file, (text) => text.replace(policy, () => `${environments.trim()}\n\n`));
}

/** Throws where an edit has found nothing to change: the sample is another by now. */
function changedBy(text: string, edit: (text: string) => string): string {
  const changed = edit(text);
  if (changed === text) throw new Error(`nothing was changed in\n${text}`);
  return changed;
}
