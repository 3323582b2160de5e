import type { Digest, Json } from "../../core/config/config.ts";
import type { ImageKeys } from "./config.ts";
import { keysOf } from "./names.ts";

type Tree = { [key: string]: Json | Tree };

/** What `set` and the image say, as one tree of values. A later one wins; where both are trees they are joined, as Helm joins files of values. */
export function valuesOf(set: Readonly<Record<string, Json>>, image: Readonly<Record<string, string>>): { readonly [key: string]: Json } {
  const root: Tree = {};
  for (const [path, value] of [...Object.entries(set), ...Object.entries(image)]) put(root, keysOf(path), value);
  return root as { readonly [key: string]: Json };
}

function put(tree: Tree, [key = "", ...rest]: readonly string[], value: Json): void {
  const there = Object.hasOwn(tree, key) ? tree[key] : undefined;
  if (rest.length > 0) {
    const inner = isTree(there) ? there : {};
    tree[key] = inner;
    put(inner, rest, value);
  } else if (isTree(value)) {
    const inner = isTree(there) ? there : {};
    tree[key] = inner;
    for (const [name, part] of Object.entries(value)) put(inner, [name], part as Json);
  } else tree[key] = value;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/** The values that pin an image by its digest, by the keys that take them. @param repository such as `registry.example/harbor` */
export function imageValues(keys: ImageKeys, repository: string | null, digest: Digest): Readonly<Record<string, string>> {
  const whole = keys.value === undefined ? null : [keys.value, `${need(repository, "value")}@${digest}`];
  const [host, path] = keys.registry === undefined ? ["", repository] : split(need(repository, "registry"));
  return Object.fromEntries(
    [
      whole,
      keys.registry === undefined ? null : [keys.registry, host],
      keys.repository === undefined
        ? null
        : [keys.repository, keys.tag !== undefined ? `${need(path, "repository")}@sha256` : need(path, "repository")],
      keys.digest === undefined ? null : [keys.digest, digest],
      // a chart that joins repository and tag by a colon makes a digest of these
      keys.tag === undefined ? null : [keys.tag, digest.replace("sha256:", "")],
    ].flatMap((pair) => (pair === null ? [] : [pair])),
  );
}

function need(repository: string | null, key: string): string {
  if (repository !== null) return repository;
  throw new Error(
    `\`image.${key}\` takes the image's repository, but the service's artifact is no image: name one of the builder image, or pass \${digest} by \`set\``,
  );
}

function split(repository: string): readonly [string, string] {
  const [first = "", ...rest] = repository.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? [first, rest.join("/")] : ["docker.io", repository];
}

/** Which values of a chart take an image, by what its own values.yaml has under `image`: the form of `helm create`, that of Bitnami's charts, or one text. null: none of these. */
export function usualKeys(values: unknown): ImageKeys | null {
  const image = isTree(values) ? values["image"] : undefined;
  if (typeof image === "string") return { value: "image" };
  if (!isTree(image) || !("repository" in image)) return null;
  if ("digest" in image)
    return { repository: "image.repository", digest: "image.digest", ...("registry" in image ? { registry: "image.registry" } : {}) };
  return "tag" in image
    ? { repository: "image.repository", tag: "image.tag", ...("registry" in image ? { registry: "image.registry" } : {}) }
    : null;
}
