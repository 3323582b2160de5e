import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../core/config/config.ts";
import type { AttemptContext, BuildInput, Builder } from "../../engine/ports/driver.ts";
import type { CommandBuilderConfig } from "./schema.ts";

/** The builder but for its schema, which an attempt's process does not load. */
export const acts: Omit<Builder, "schema"> = { name: "command", inHome: false, build, has };

const REFERENCE = /(?<![0-9a-z])sha256:[0-9a-f]{64}(?![0-9a-f])/g;

async function build(input: BuildInput, context: AttemptContext): Promise<{ readonly digest: Digest }> {
  const { run, path = "." } = input.config as CommandBuilderConfig;
  const draft = join(context.home, "builders", "command", input.attempt);
  const [tree, output] = [join(draft, "checkout"), join(draft, "output")];
  try {
    await mkdir(tree, { recursive: true });
    await input.checkout(path, tree);
    const printed = await context.run(run, { cwd: tree, env: { ...context.env, SLUICE_OUTPUT: output } });
    const written = await readFile(output, "utf8").catch(() => null);
    return { digest: written === null ? fromPrinted(printed.output) : fromFile(written) };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Where the artifact is only the command knows; a deploy says so when it is gone. */
async function has(): Promise<boolean> {
  return true;
}

function fromFile(text: string): Digest {
  const line = text.split("\n").findLast((one) => one.startsWith("digest="));
  const found = line?.match(REFERENCE)?.at(-1);
  if (found === undefined)
    throw new Error("the build command wrote no line `digest=sha256:…` (64 hex digits) into the file that $SLUICE_OUTPUT names");
  return found;
}

function fromPrinted(text: string): Digest {
  const found = text.match(REFERENCE)?.at(-1);
  if (found === undefined)
    throw new Error(
      "the build command said no digest: print `sha256:…` (64 hex digits), or write `digest=sha256:…` into the file that $SLUICE_OUTPUT names",
    );
  return found;
}
