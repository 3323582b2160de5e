import { mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { AttemptContext, BuildInput, Builder } from "../../engine/ports/driver.ts";
import { codeOf } from "../../host/errors.ts";
import { readText, writeDurably } from "../../host/files.ts";
import { isInside, sealTree } from "./digest.ts";
import type { BundleConfig } from "./schema.ts";
import { splitWords } from "./words.ts";

/** The builder but for its schema, which an attempt's process does not load. */
export const acts: Omit<Builder, "schema"> = { name: "bundle", inHome: true, build, has, whyNotOf };

async function build(input: BuildInput, context: AttemptContext): Promise<{ readonly digest: Digest }> {
  const { path = ".", command, output = "." } = input.config as BundleConfig;
  const draft = await openDraft(input, join(context.home, "artifacts"));
  const tree = join(draft, "checkout");
  try {
    await mkdir(tree);
    await input.checkout(path, tree);
    if (command !== undefined) {
      const SOURCE_DATE_EPOCH = String(Math.floor((await input.committedAt()) / 1000));
      await context.run(wordsOf(command), { cwd: tree, env: { SOURCE_DATE_EPOCH, ...context.env } });
    }
    const made = await chosen(tree, output);
    const digest = await sealTree(made, context.signal);
    await store(made, draft, directoryOf(digest, context.home));
    const note = noteOf(input, context.home);
    await mkdir(join(note, ".."), { recursive: true });
    writeDurably(note, `${digest}\n`);
    return { digest };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function has(digest: Digest, _config: unknown, home: string): Promise<boolean> {
  return (await stat(join(directoryOf(digest, home), "tree")).catch(() => null))?.isDirectory() === true;
}

/** Whatever a record says, an artifact is of the commit that this machine has made it of. */
async function whyNotOf(digest: Digest, of: Made, home: string): Promise<string | null> {
  return readText(noteOf(of, home)) === `${digest}\n` ? null : `nothing on this machine says that it was made of ${of.commit.slice(0, 12)}`;
}

type Made = Pick<BuildInput, "project" | "commit" | "config">;
const noteOf = ({ project, commit, config }: Made, home: string): string =>
  join(home, "builders", "bundle", "made", fingerprint({ project, commit, config }).replace("sha256:", ""));

/** The same place for the same build, since programs write into what they make where it was made; one of its own while another attempt is there, or where one was killed. */
async function openDraft({ attempt, commit, config }: BuildInput, artifacts: string): Promise<string> {
  await mkdir(artifacts, { recursive: true });
  const id = fingerprint({ commit, config }).slice("sha256:".length, "sha256:".length + 16);
  const [same, own] = [join(artifacts, `.draft-${id}`), join(artifacts, `.draft-${attempt}`)];
  try {
    await mkdir(same);
    return same;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    await mkdir(own, { recursive: true });
    return own;
  }
}

const directoryOf = (digest: Digest, home: string): string => join(home, "artifacts", digest.replace("sha256:", ""));

function wordsOf(command: string | readonly string[]): readonly string[] {
  if (typeof command !== "string") return command;
  const split = splitWords(command);
  if ("problem" in split) throw new Error(`the build command ${JSON.stringify(command)} cannot be run: ${split.problem}`);
  return split.words;
}

async function chosen(tree: string, output: string): Promise<string> {
  const made = join(tree, output);
  const real = await realpath(made).catch(() => null);
  if (real === null || !(await stat(real)).isDirectory())
    throw new Error(`the build left no folder ${output}: \`output\` names the folder that the build command makes`);
  if (!isInside(await realpath(tree), real)) throw new Error(`\`output\` (${output}) leads out of the checkout`);
  return real;
}

/** Moves the tree to its name. Where the same content is there already, that one stays: somebody may be running from it. */
async function store(made: string, draft: string, final: string): Promise<void> {
  const bundle = join(draft, "package");
  await mkdir(bundle);
  await rename(made, join(bundle, "tree"));
  await rename(bundle, final).catch((error: unknown) => {
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  });
}
