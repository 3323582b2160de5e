import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builder } from "../../src/builders/image/index.ts";
import type { JsonObject } from "../../src/core/config/config.ts";
import type { AttemptContext } from "../../src/engine/ports/driver.ts";
import { AttemptLog } from "../../src/executor/local/runner/attempt-log.ts";
import { Commands } from "../../src/executor/local/runner/commands.ts";

/** A place where images are built for real: buildah with storage of its own, a HOME of its own, and one process after the other. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), "sluice-images-"));
  /** What buildah needs in a container without rights, and where it keeps what. */
  readonly env: Readonly<Record<string, string>>;
  #homes = 0;
  #attempts = 0;

  constructor() {
    const storage = join(this.directory, "storage.conf");
    writeFileSync(storage, `[storage]\ndriver = "vfs"\ngraphroot = "${this.directory}/graph"\nrunroot = "${this.directory}/run"\n`);
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.home({}),
      XDG_RUNTIME_DIR: join(this.directory, "runtime"),
      BUILDAH_ISOLATION: "chroot",
      STORAGE_DRIVER: "vfs",
      CONTAINERS_STORAGE_CONF: storage,
    };
  }

  /** A user's HOME with these files. */
  home(files: Readonly<Record<string, unknown>>): string {
    const home = join(this.directory, `home-${++this.#homes}`);
    mkdirSync(home);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), typeof content === "string" ? content : JSON.stringify(content), { mode: 0o755 });
    }
    return home;
  }

  buildah(...args: readonly string[]): string {
    return execFileSync("buildah", args, {
      env: this.env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.directory,
    }).trim();
  }

  read(file: string): string {
    return readFileSync(file, "utf8").trim();
  }

  /** As an attempt does, of a commit that is this tree; `store`: of one store, which remembers, unless it is another. */
  async build(
    tree: string,
    config: JsonObject,
    { env = {}, store = "store" }: { readonly env?: Readonly<Record<string, string>>; readonly store?: string } = {},
  ): Promise<{ readonly digest: string; readonly log: string }> {
    const attempt = `r1-${++this.#attempts}-N`;
    const home = join(this.directory, store);
    mkdirSync(home, { recursive: true });
    const log = new AttemptLog(join(home, `${attempt}.log`), 1 << 20, []);
    const marker = { SLUICE_ATTEMPT_ID: attempt, SLUICE_ATTEMPT_DIR: home };
    const { signal } = new AbortController();
    const commands = new Commands({ log, signal, graceMs: 2000, children: join(home, `${attempt}.children`), marker });
    const context: AttemptContext = {
      signal,
      home,
      log: (text) => log.line(text),
      run: commands.run,
      env: { ...this.env, ...env },
      tree: () => Promise.reject(new Error("a builder checks out what it builds")),
    };
    const input = {
      project: "harbor",
      attempt,
      commit: "c0ffee".padEnd(40, "0"),
      config,
      committedAt: () => Promise.resolve(1_768_200_000_000),
      checkout: async (path: string, into: string) => cpSync(join(tree, path), into, { recursive: true }),
    };
    try {
      const { digest } = await builder.build(input, context);
      return { digest, log: readFileSync(join(home, `${attempt}.log`), "utf8") };
    } finally {
      await commands.end();
      log.close();
    }
  }

  /** Node of this host as a base image, with what it is linked against: nothing can be pulled here. */
  base(): string {
    const name = "localhost/base:node";
    const container = this.buildah("from", "scratch");
    const node = process.execPath;
    const libraries = execFileSync("ldd", [node], { encoding: "utf8" }).match(/\/\S+(?= \()/g) ?? [];
    for (const path of libraries) this.buildah("copy", container, path, path);
    this.buildah("copy", container, node, "/usr/bin/node");
    this.buildah("config", "--env", "PATH=/usr/bin", container);
    this.buildah("commit", "--quiet", "--rm", "--timestamp", "0", container, name);
    return name;
  }

  close(): void {
    if (existsSync(join(this.directory, "graph"))) this.buildah("rmi", "--all", "--force");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
