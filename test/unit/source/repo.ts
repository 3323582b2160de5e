import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files by path. A string is a file, `null` takes it away. */
export type Files = Readonly<Record<string, string | null>>;
/** A commit for `import`: its parents by index, and all of its files. */
export type Node = {
  readonly parents: readonly number[];
  readonly files: Readonly<Record<string, string | { readonly mode: string; readonly data: string }>>;
};

/** A real repository in a temporary directory, told apart from the user's own settings. */
export class Repo {
  readonly directory: string;

  constructor(init: readonly string[] = []) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), "sluice-source-")));
    this.git("init", "-q", "-b", "main", ...init, ".");
  }

  git(...args: readonly string[]): string {
    return this.feed("", ...args);
  }

  feed(input: string, ...args: readonly string[]): string {
    return execFileSync("git", args, {
      cwd: this.directory,
      input,
      encoding: "utf8",
      env: ENV,
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 1e9,
    }).trim();
  }

  /** Commits files on the branch that is checked out; returns the id. */
  commit(files: Files, subject = "a change"): string {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.directory, path);
      if (text === null) rmSync(file, { recursive: true });
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
    }
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", subject);
    return this.git("rev-parse", "HEAD");
  }

  /** Commits as drawn, without a work tree; returns their ids. Each is also the branch `n<index>`. */
  import(nodes: readonly Node[]): string[] {
    const text = nodes.map((node, index) => {
      const [first, ...others] = node.parents;
      const files = Object.entries(node.files).map(([path, file]) => {
        const { mode, data } = typeof file === "string" ? { mode: "100644", data: file } : file;
        return mode === "160000" ? `M ${mode} ${data} ${path}\n` : `M ${mode} inline ${path}\ndata ${Buffer.byteLength(data)}\n${data}\n`;
      });
      const message = `commit ${index}`;
      return [
        `commit refs/heads/n${index}\nmark :${index + 1}\ncommitter Ana <ana@example.org> ${1_700_000_000 + index} +0000\ndata ${message.length}\n${message}\n`,
        first === undefined ? "" : `from :${first + 1}\n`,
        ...others.map((parent) => `merge :${parent + 1}\n`),
        "deleteall\n",
        ...files,
        "\n",
      ].join("");
    });
    this.feed(`${text.join("")}done\n`, "fast-import", "--quiet", "--done", "--force");
    return this.git("for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads/n*")
      .split("\n")
      .map((line) => line.split(" "))
      .toSorted(([, a = ""], [, b = ""]) => Number(a.slice(1)) - Number(b.slice(1)))
      .map(([id = ""]) => id);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
const ENV = {
  ...Object.fromEntries(kept),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Ana",
  GIT_AUTHOR_EMAIL: "ana@example.org",
  GIT_COMMITTER_NAME: "Ben",
  GIT_COMMITTER_EMAIL: "ben@example.org",
  GIT_AUTHOR_DATE: "1700000000 +0000",
  GIT_COMMITTER_DATE: "1700000001 +0000",
  GIT_ALLOW_PROTOCOL: "file",
};
