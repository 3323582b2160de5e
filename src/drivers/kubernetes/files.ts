import { globSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { parseManifests } from "../../cluster/manifests.ts";
import type { KubeObject } from "../../cluster/objects.ts";

const LARGEST_FILE = 32 * 1024 * 1024;
const IS_MANIFEST = /\.(ya?ml|json)$/i;
const GLOB = /[*?[\]{}!]/;

/** The objects of files of a commit, in the order of the paths and, within a folder or glob, of names. @param tree as the driver's context gives it */
export async function readManifests(paths: readonly string[], tree: (folder: string) => Promise<string>): Promise<readonly KubeObject[]> {
  const seen = new Set<string>();
  const objects: KubeObject[] = [];
  for (const path of paths)
    for (const { shown, file } of await filesOf(path, tree)) {
      if (seen.has(shown)) continue;
      seen.add(shown);
      objects.push(...readOne(file, shown));
    }
  return objects;
}

type Found = { readonly shown: string; readonly file: string };

/** What a pattern finds is not in its text: whatever is read lies in the commit's tree, wherever links and braces have led. */
async function filesOf(path: string, tree: (folder: string) => Promise<string>): Promise<readonly Found[]> {
  const { root, found } = await foundBy(path, tree);
  const real = realpathSync(root);
  const outside = found.find(({ file }) => !realpathSync(file).startsWith(real + sep));
  if (outside !== undefined) throw new Error(`${path} finds ${outside.shown}, which is outside of the repository`);
  return found;
}

async function foundBy(path: string, tree: (folder: string) => Promise<string>): Promise<{ root: string; found: readonly Found[] }> {
  const { root, top, rest } = await partOf(path, tree);
  const found = (names: readonly string[]) => ({
    root,
    found: names.toSorted().map((name) => ({ shown: top === "." ? name : `${top}/${name}`, file: join(root, name) })),
  });
  if (GLOB.test(rest)) {
    const names = globSync(rest, { cwd: root }).filter((name) => IS_MANIFEST.test(name) && statSync(join(root, name)).isFile());
    if (names.length === 0) throw new Error(`${path} is no file of the commit that ends in .yaml, .yml or .json`);
    return found(names);
  }
  const at = join(root, rest);
  const kind = statSync(at, { throwIfNoEntry: false });
  if (kind === undefined) throw new Error(`there is no ${path} in the commit`);
  if (!kind.isDirectory()) return found([rest]);
  const names = readdirSync(at);
  if (names.some((name) => /^kustomization(\.ya?ml)?$/i.test(name)))
    throw new Error(`${path} holds a kustomization: say \`kustomize: ${path}\` instead of \`manifests\``);
  const manifests = names.filter((name) => IS_MANIFEST.test(name) && statSync(join(at, name)).isFile());
  if (manifests.length === 0) throw new Error(`the folder ${path} holds no file that ends in .yaml, .yml or .json`);
  return found(manifests.map((name) => (rest === "." ? name : `${rest}/${name}`)));
}

/** Of a tree that may be large only the folder at its top is asked for, in which the path is. */
async function partOf(path: string, tree: (folder: string) => Promise<string>) {
  const [top = ".", ...others] = path.split("/");
  if (GLOB.test(top) || (others.length === 0 && IS_MANIFEST.test(top))) return { root: await tree("."), top: ".", rest: path };
  return { root: await tree(top), top, rest: others.join("/") || "." };
}

function readOne(file: string, shown: string): readonly KubeObject[] {
  const { size } = statSync(file);
  if (size > LARGEST_FILE)
    throw new Error(
      `${shown} has ${Math.round(size / 1024 / 1024)} MB; at most ${LARGEST_FILE / 1024 / 1024} are read: it is hardly a manifest`,
    );
  return parseManifests(readFileSync(file, "utf8"), shown);
}
