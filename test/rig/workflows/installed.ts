import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

export const BIN = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));
const FOLDER = "tools/sluice";

/**
 * Makes `sluice` a dependency of the project in a directory, as a package in its repository: `npm ci` needs no registry for it, and `npx sluice` is the program of this checkout.
 * `programs` come with it, by name.
 */
export function dependOnSluice(root: string, programs: Readonly<Record<string, string>> = {}): void {
  const file = join(root, "package.json");
  const read = JSON.parse(readFileSync(file, "utf8")) as { readonly name: string };
  const bin = { sluice: "sluice.js", ...Object.fromEntries(Object.keys(programs).map((name) => [name, name])) };
  const devDependencies = { sluice: `file:${FOLDER}` };
  mkdirSync(join(root, FOLDER), { recursive: true });
  const write = (path: string, value: object): void => writeFileSync(join(root, path), `${JSON.stringify(value, null, 2)}\n`);
  write("package.json", { ...read, devDependencies });
  write(`${FOLDER}/package.json`, { name: "sluice", version: "0.1.0", type: "module", bin });
  writeFileSync(join(root, FOLDER, "sluice.js"), `#!/usr/bin/env node\nimport ${JSON.stringify(BIN)};\n`, { mode: 0o755 });
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(root, FOLDER, name), text, { mode: 0o755 });
  const packages = {
    "": { name: read.name, devDependencies },
    "node_modules/sluice": { resolved: FOLDER, link: true },
    [FOLDER]: { name: "sluice", version: "0.1.0", dev: true, bin },
  };
  write("package-lock.json", { name: read.name, lockfileVersion: 3, requires: true, packages });
}

/** The sample with that, and with its workflows: what of its tree is another. */
export async function withSluice(tree: string): Promise<void> {
  dependOnSluice(tree);
  // the files belong to the root of a repository, which this becomes only later
  mkdirSync(join(tree, ".git"));
  await execa(process.execPath, [BIN, "github", "generate"], { cwd: tree });
}
