import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../core/config/config.ts";
import type { AttemptContext, Builder, BuildInput, FindInput } from "../../engine/ports/driver.ts";
import { pick } from "../../host/environment.ts";
import { imageOf, placeOf } from "./config.ts";
import { forgetOld, pushedFor } from "./pushed.ts";
import { RegistryError } from "./registry/errors.ts";
import { IN_TEXT, LOGIN_VARIABLES, loginFor } from "./registry/login.ts";
import type { Access } from "./registry/reference.ts";
import { labelsOf } from "./registry/labels.ts";
import { digestOf } from "./registry/registry.ts";
import { buildWith, type Job } from "./tools.ts";

/** The builder but for its schema, which an attempt's process does not load. */
export const acts: Omit<Builder, "schema"> = { name: "image", inHome: false, build, has, whyNotOf, find };

const REVISION = "org.opencontainers.image.revision";
/** Longer than any build takes. */
const DRAFT_MS = 86_400_000;
/** For all that a person waits for, in ms. */
const TOLD_MS = 30_000;
const DIGEST = /(?<![0-9a-z])sha256:[0-9a-f]{64}(?![0-9a-f])/;
/** Where tools are told to keep images, how to build them, and which engine to ask. */
const TOOL_VARIABLES =
  "DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY BUILDX_BUILDER BUILDX_CONFIG STORAGE_DRIVER STORAGE_OPTS BUILDAH_ISOLATION BUILDAH_FORMAT CONTAINERS_CONF CONTAINERS_STORAGE_CONF CONTAINERS_REGISTRIES_CONF XDG_DATA_HOME".split(
    " ",
  );

async function build(input: BuildInput, context: AttemptContext): Promise<{ readonly digest: Digest }> {
  const image = imageOf(input.config, input.commit);
  const host = { ...process.env, ...context.env };
  const access = { plain: image.plain, env: host, signal: context.signal };
  const pushed = pushedFor(input, context.home);
  const before = pushed.read();
  if (before !== null && (await digestOf(image.repository, before, access)) !== null) {
    context.log(`an attempt that was lost has pushed it: ${image.repository.name}@${before}`);
    return { digest: before };
  }
  const drafts = join(context.home, "builders", "image", "drafts");
  // what a killed attempt has left, logins among it
  await forgetOld(drafts, DRAFT_MS);
  const draft = join(drafts, input.attempt);
  try {
    const tree = join(draft, "context");
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await mkdir(tree);
    await input.checkout(image.config.context ?? ".", tree);
    await setModes(tree);
    const epoch = Math.floor((await input.committedAt()) / 1000);
    const env = { ...pick(host, [...LOGIN_VARIABLES, ...TOOL_VARIABLES]), ...context.env };
    const name = input.attempt.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
    const login = await loginFor(image.repository, host, context.signal);
    const job = { image, tree, draft, name, epoch, env, commit: input.commit, login, logins: host[IN_TEXT] ?? null };
    const { command } = image.config;
    const digest = command === undefined ? digestIn(await buildWith(job, context)) : await byCommand(command, job, access, context);
    if (digest === null) throw new Error("the tool has pushed the image and said no digest");
    if ((await digestOf(image.repository, digest, access)) === null)
      throw new Error(`${image.repository.name} has no ${digest}, though that is said to have been pushed there`);
    await pushed.write(digest);
    context.log(`pushed ${image.repository.name}@${digest}`);
    return { digest };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Modes as git knows them, whatever this user's mask made of them: they are part of the image. */
async function setModes(tree: string): Promise<void> {
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** It says the digest in a file, or leaves the tag to be asked. It is told where logins are, and given none that its environment does not name. */
async function byCommand(command: readonly string[], job: Job, access: Access, context: AttemptContext): Promise<Digest> {
  const { repository, tag } = job.image;
  const [file, reference] = [join(job.draft, "digest"), `${repository.name}:${tag}`];
  const before = await digestOf(repository, tag, access);
  const own = { SOURCE_DATE_EPOCH: String(job.epoch), SLUICE_IMAGE: reference, SLUICE_DIGEST_FILE: file };
  await context.run(command, { cwd: job.tree, env: { ...job.env, ...own } });
  const said = digestIn(await readFile(file, "utf8").catch(() => ""));
  if (said !== null) return said;
  const there = await digestOf(repository, tag, access);
  if (there !== null && there !== before) return there;
  // what was there before may be anybody's
  const found = there === null ? "there is none" : `it is ${there}, as it was before`;
  throw new Error(
    `the command has written no digest to $SLUICE_DIGEST_FILE, and whether it has pushed ${reference} cannot be told: ${found}`,
  );
}

const digestIn = (text: string): Digest | null => DIGEST.exec(text)?.[0] ?? null;

async function has(digest: Digest, config: Parameters<Builder["has"]>[1]): Promise<boolean> {
  const { repository, plain } = placeOf(config);
  const signal = AbortSignal.timeout(TOLD_MS);
  try {
    return (await digestOf(repository, digest, { plain, env: process.env, signal })) !== null;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new RegistryError("unreachable", `${repository.host} did not tell within ${TOLD_MS / 1000} s`, { cause: error });
  }
}

/** What Sluice's own builds write into an image says its commit; of an image without that, the tag that names the commit. Who may push to the registry may make both say anything. */
async function whyNotOf(digest: Digest, { config, commit }: FindInput): Promise<string | null> {
  const { repository, tag, plain } = imageOf(config, commit);
  const access = { plain, env: process.env, signal: AbortSignal.timeout(TOLD_MS) };
  const said = await labelsOf(repository, digest, REVISION, access);
  const other = said.find((label) => label !== null && label !== commit);
  if (other !== undefined) return `its label ${REVISION} says ${JSON.stringify(other)}`;
  if (said.length > 0 && said.every((label) => label === commit)) return null;
  if (tag.includes(commit) && (await digestOf(repository, tag, access)) === digest) return null;
  return `it has no label ${REVISION}, and ${repository.name}:${tag} is not this image`;
}

async function find(
  { config, commit }: Parameters<NonNullable<Builder["find"]>>[0],
  { signal }: { readonly signal: AbortSignal },
): Promise<Digest | null> {
  const { repository, tag, plain } = imageOf(config, commit);
  return await digestOf(repository, tag, { plain, env: process.env, signal });
}
