import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";

const SERVICE = `import { createServer } from "node:http";
import { appendFileSync } from "node:fs";
const { SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment, SLUICE_COMMIT: commit, PORT, HOST, STARTS } = process.env;
appendFileSync(STARTS, service + "@" + environment + " " + commit + "\\n");
const server = createServer((_, answer) => answer.setHeader("content-type", "application/json").end(JSON.stringify({ service, environment, commit })));
server.listen(Number(PORT), HOST);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

export type KillOptions = {
  /** Services beside `api` and the frontend `web`. */
  readonly backends?: readonly string[];
  /** Whether prod asks for an approval. */
  readonly gate?: boolean;
};

/** A repository with backends and a frontend in two environments, each of which notes every start of its process in one file. */
export class KillProject {
  readonly directory: string;
  readonly #starts: string;

  constructor(directory: string, { backends = ["auth"], gate = false }: KillOptions = {}) {
    this.directory = join(directory, "repository");
    this.#starts = join(directory, "starts");
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(this.#starts, "");
    writeFileSync(join(this.directory, "server.js"), SERVICE);
    writeFileSync(join(this.directory, "package.json"), '{ "type": "module" }\n');
    const environment = `variables: { STARTS: ${JSON.stringify(this.#starts)} }`;
    const deploy =
      'deploy: { process: { command: [node, server.js], health: / } }, verify: { http: "${url}", expect: { commit: "${commit}" } }';
    writeFileSync(
      join(this.directory, "sluice.yaml"),
      `version: 1
project: kill
environments:
  dev: { ${environment} }
  prod: { needs: [dev], ${gate ? "approval: { self: true }, " : ""}${environment} }
artifacts:
  all: { bundle: { path: . } }
services:
  api: { tier: backend, artifact: all, ${deploy} }
${backends.map((name) => `  ${name}: { tier: backend, artifact: all, ${deploy} }\n`).join("")}  web: { tier: frontend, artifact: all, ${deploy} }
`,
    );
    this.#git("init", "--quiet", "--initial-branch=main");
  }

  commit(name: string): string {
    appendFileSync(join(this.directory, "notes"), `${name}\n`);
    this.#git("add", "--all");
    this.#git("-c", "user.name=test", "-c", "user.email=test@example.invalid", "commit", "--quiet", "--message", name);
    return this.#git("rev-parse", "HEAD");
  }

  /** How often each target's process was started at a commit. */
  starts(commit: string): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const line of readFileSync(this.#starts, "utf8").split("\n")) {
      const [target, at] = line.split(" ");
      if (target && at === commit) counts[target] = (counts[target] ?? 0) + 1;
    }
    return counts;
  }

  #git(...args: readonly string[]): string {
    return execaSync("git", ["-C", this.directory, ...args], {
      env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    }).stdout.trim();
  }
}
