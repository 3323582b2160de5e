import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type AttemptContext, CommandFailed } from "../../engine/ports/driver.ts";
import { parseObject } from "../../host/answers.ts";
import { writeWhole } from "../../host/files.ts";
import type { Image } from "./config.ts";
import { IN_TEXT, type Login } from "./registry/login.ts";
import { DOCKER_HUB } from "./registry/reference.ts";

export type Job = {
  readonly image: Image;
  /** The checked out context. */
  readonly tree: string;
  /** A directory of this attempt's own. */
  readonly draft: string;
  /** A name that no other build on this host has. */
  readonly name: string;
  readonly commit: string;
  /** Of the commit, in s since 1970. */
  readonly epoch: number;
  readonly env: Readonly<Record<string, string>>;
  /** For the push. */
  readonly login: Login | null;
  /** What `DOCKER_AUTH_CONFIG` holds, which not every tool reads. */
  readonly logins: string | null;
};
export type Tool = "docker" | "buildah" | "podman";
export const TOOLS: readonly Tool[] = ["docker", "buildah", "podman"];

/** Builds and pushes; what the tool says the digest is. `run` logs each command: nothing secret is in them. */
export async function buildWith(job: Job, context: AttemptContext): Promise<string> {
  const { tool: asked } = job.image.config;
  const there = TOOLS.filter((tool) => (asked ?? tool) === tool && isThere(tool, job.env));
  for (const tool of there) {
    if (tool !== "docker") return await withContainersTool(tool, job, context);
    const driver = await buildxDriver(job, context, asked === undefined);
    if (driver !== null) return await withBuildx(driver, job, context);
  }
  throw new Error(
    `there is no ${asked ?? "docker with buildx and a builder that answers, buildah or podman"} here to build ${job.image.repository.name}: install one, name a \`command\`, or let CI push it (\`await: true\`)`,
  );
}

export function isThere(program: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

function common({ image: { config }, commit, epoch }: Job): readonly string[] {
  const labels = {
    "org.opencontainers.image.revision": commit,
    ...(config.source === undefined ? {} : { "org.opencontainers.image.source": config.source }),
  };
  const args = { SOURCE_DATE_EPOCH: String(epoch), ...config.args };
  return [
    "--file",
    config.file ?? "Dockerfile",
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...(config.target === undefined ? [] : ["--target", config.target]),
  ];
}

const referenceOf = ({ repository, tag }: Image): string => `${repository.name}:${tag}`;

/**
 * buildah and podman: the times of all files and of the image are the commit's, and no layer comes from a build of another time, so that the bytes are the same wherever they are made. Several platforms are built one after
 * the other: an index that these tools make of them at once has them in whatever order they come.
 */
async function withContainersTool(tool: "buildah" | "podman", job: Job, context: AttemptContext): Promise<string> {
  const { image, draft, tree, epoch, env } = job;
  const { platforms = [], cache = false } = image.config;
  const run = (...args: readonly string[]) => context.run([tool, ...args], { cwd: tree, env });
  const list = `localhost/sluice:${job.name}`;
  const parts = (platforms.length === 0 ? [null] : platforms).map((platform, i) => ({ platform, name: `${list}-${i}` }));
  const several = parts.length > 1;
  const [said, names] = [join(draft, "digest"), [...(several ? [list] : []), ...parts.map(({ name }) => name)]];
  const same = ["--timestamp", String(epoch), `--layers=${cache}`, ...authFile(draft, "pulls.json", job.logins), ...common(job)];
  const push = ["--digestfile", said, ...(image.plain ? ["--tls-verify=false"] : []), ...authFile(draft, "pushes.json", loginText(job))];
  try {
    for (const { platform, name } of parts)
      await run("build", "--tag", name, ...same, ...(platform === null ? [] : ["--platform", platform]), ".");
    if (several) await run("manifest", "create", list);
    for (const { name } of several ? parts : []) await run("manifest", "add", list, `containers-storage:${name}`);
    await run(...(several ? ["manifest", "push", "--all"] : ["push"]), ...push, names[0] ?? list, `docker://${referenceOf(image)}`);
    return await readFile(said, "utf8");
  } finally {
    for (const name of context.signal.aborted ? [] : names) await run("rmi", name).catch(() => {});
  }
}

/** The driver of the builder that buildx uses; null: it is not to be used. */
async function buildxDriver({ tree, env }: Job, context: AttemptContext, optional: boolean): Promise<string | null> {
  try {
    const { output } = await context.run(["docker", "buildx", "inspect"], { cwd: tree, env });
    return /^Driver:\s+(\S+)/m.exec(output)?.[1] ?? "";
  } catch (error) {
    if (!optional || !(error instanceof CommandFailed)) throw error;
    return null;
  }
}

async function withBuildx(driver: string, job: Job, context: AttemptContext): Promise<string> {
  const { image, draft, tree, env, epoch } = job;
  const said = join(draft, "metadata.json");
  const text = job.logins ?? (job.login === null ? null : authOf(image, job.login));
  const known = text === null ? {} : { [IN_TEXT]: text };
  // what the Docker engine builds itself, it unpacks, and cannot do both
  const rewritten = driver === "docker" ? [] : ["rewrite-timestamp=true"];
  if (driver === "docker")
    context.log(
      "the times of files are in this image as they are, so that it will have another digest elsewhere: docker buildx create --use makes a builder that can do better",
    );
  const output = [
    "type=image",
    `name=${referenceOf(image)}`,
    "push=true",
    "oci-mediatypes=true",
    ...rewritten,
    ...(image.plain ? ["registry.insecure=true"] : []),
  ];
  const command = [
    "docker",
    "buildx",
    "build",
    "--progress=plain",
    "--provenance=false",
    "--sbom=false",
    "--metadata-file",
    said,
    "--output",
    output.join(","),
  ];
  const platforms = image.config.platforms === undefined ? [] : ["--platform", image.config.platforms.join(",")];
  await context.run([...command, ...common(job), ...platforms, "."], {
    cwd: tree,
    env: { ...env, ...known, SOURCE_DATE_EPOCH: String(epoch) },
  });
  const digest = parseObject(await readFile(said, "utf8"))?.["containerimage.digest"];
  return typeof digest === "string" ? digest : "";
}

/** Arguments that name a file with logins, for its owner alone; none for none. */
function authFile(draft: string, name: string, text: string | null): readonly string[] {
  if (text === null) return [];
  const path = join(draft, name);
  writeWhole(path, text);
  return ["--authfile", path];
}

/** The login for the push, where the tool would not find it by itself. */
const loginText = ({ image, login }: Job): string | null => (login === null || login.ready ? null : authOf(image, login));

function authOf({ repository: { host } }: Image, login: Login): string {
  const entry =
    login.kind === "identity"
      ? { identitytoken: login.token }
      : { auth: Buffer.from(`${login.username}:${login.password}`).toString("base64") };
  return JSON.stringify({ auths: { [host === DOCKER_HUB ? "docker.io" : host]: entry } });
}
