import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workshop } from "./images.ts";
import { TestServer } from "./server.ts";
import { until } from "./wait.ts";

const ENDED = ["succeeded", "failed", "cancelled", "superseded"];
/** Writes down what a deploy is given of its image. */
const DEPLOY = `require("node:fs").appendFileSync(process.env.DEPLOYS, process.env.SLUICE_ENVIRONMENT + " " + process.env.SLUICE_COMMIT + " " + process.env.SLUICE_ARTIFACT_DIGEST + "\\n")`;

/** A repository whose one service is an image, a real server over it, and a buildah that counts its builds. */
export class ImageProject {
  readonly server: TestServer;
  readonly directory: string;
  readonly #deploys: string;
  readonly #calls: string;

  constructor(workshop: Workshop, image: string, environments = "dev: { variables: { DEPLOYS: $DEPLOYS } }") {
    this.directory = join(workshop.directory, `project-${readdirSync(workshop.directory).length}`);
    const bin = join(this.directory, "bin");
    mkdirSync(bin, { recursive: true });
    [this.#deploys, this.#calls] = [join(this.directory, "deploys"), join(this.directory, "calls")];
    for (const file of [this.#deploys, this.#calls]) writeFileSync(file, "");
    const real = execFileSync("sh", ["-c", "command -v buildah"], { encoding: "utf8" }).trim();
    writeFileSync(join(bin, "buildah"), `#!/bin/sh\necho "$1" >> '${this.#calls}'\nexec '${real}' "$@"\n`);
    chmodSync(join(bin, "buildah"), 0o755);
    const repository = join(this.directory, "repository");
    mkdirSync(repository);
    writeFileSync(join(repository, "Dockerfile"), "FROM scratch\nCOPY notes /\n");
    writeFileSync(
      join(repository, "sluice.yaml"),
      `version: 1
project: harbor
environments: { ${environments.replaceAll("$DEPLOYS", JSON.stringify(this.#deploys))} }
artifacts: { mega: { ${image} } }
services:
  api: { tier: backend, artifact: mega, deploy: { command: { apply: [node, -e, ${JSON.stringify(DEPLOY)}] } } }
`,
    );
    this.git("init", "--quiet", "--initial-branch=main");
    this.commit("the first");
    this.server = new TestServer(repository, {
      ...workshop.env,
      PATH: `${bin}:${workshop.env["PATH"]}`,
      XDG_STATE_HOME: join(this.directory, "state"),
    });
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.invalid", ...args], {
      cwd: join(this.directory, "repository"),
      encoding: "utf8",
    }).trim();
  }

  commit(name: string): string {
    appendFileSync(join(this.directory, "repository", "notes"), `${name}\n`);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", name);
    return this.git("rev-parse", "HEAD");
  }

  /** How often buildah was asked to build. */
  builds(): number {
    return readFileSync(this.#calls, "utf8")
      .split("\n")
      .filter((call) => call === "build").length;
  }

  /** `environment commit digest`, each deploy once. */
  deploys(): readonly string[] {
    return readFileSync(this.#deploys, "utf8").trim().split("\n").filter(Boolean);
  }

  async deploy(commit: string, key = commit): Promise<string> {
    const { data, error } = await this.server
      .api()
      .POST("/api/v1/runs", { params: { header: { "idempotency-key": key } }, body: { commit } });
    if (!data) throw new Error(`${error.title}: ${error.detail ?? ""}`);
    return data.run.id;
  }

  async run(id: string) {
    const { data, error } = await this.server.api().GET("/api/v1/runs/{id}", { params: { path: { id } } });
    if (!data) throw new Error(JSON.stringify(error));
    return data;
  }

  async step(run: string, id: string) {
    return (await this.run(run)).steps.find((step) => step.id === id);
  }

  /** Its status, once it has ended. */
  async ended(run: string): Promise<string> {
    return await until(async () => {
      const { status } = await this.run(run);
      return ENDED.includes(status) ? status : null;
    }, `run ${run}`);
  }

  async digestOf(commit: string): Promise<string> {
    const run = await this.deploy(commit);
    const status = await this.ended(run);
    if (status !== "succeeded") throw new Error(JSON.stringify((await this.run(run)).steps));
    return (
      this.deploys()
        .findLast((line) => line.includes(commit))
        ?.split(" ")[2] ?? ""
    );
  }
}
