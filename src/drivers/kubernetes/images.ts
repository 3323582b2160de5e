import type { KubeObject } from "../../cluster/objects.ts";
import type { Digest } from "../../core/config/config.ts";

/** `registry.example:5000/harbor:v1@sha256:…` without tag and digest. */
export function nameOf(image: string): string {
  const [name = ""] = image.split("@");
  return /^(.*?)(?::[^:/]+)?$/.exec(name)?.[1] ?? name;
}

/**
 * The objects with every image of these names as `repository@digest`; without a repository the name stays. Wherever an object has containers, also in kinds that nobody knows here.
 * Throws for a name that no container has: what is deployed would not be the artifact.
 */
export function pinImages(
  objects: readonly KubeObject[],
  names: readonly string[],
  repository: string | undefined,
  digest: Digest,
): readonly KubeObject[] {
  const seen = new Set<string>();
  const pin = (image: string): string => {
    const name = nameOf(image);
    seen.add(name);
    return names.includes(name) ? `${repository ?? name}@${digest}` : image;
  };
  const pinned = objects.map((object) => walk(object, pin) as KubeObject);
  const missing = names.filter((name) => !seen.has(name));
  if (missing.length > 0)
    throw new Error(
      `no container has the image ${missing.join(", ")}, which was to become the artifact ${digest}; there are ${[...seen].join(", ") || "none"}: name the right ones in \`images\``,
    );
  return pinned;
}

function walk(value: unknown, pin: (image: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, pin));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      /^(init|ephemeral)?containers$/i.test(key) && Array.isArray(item) ? item.map((one) => container(one, pin)) : walk(item, pin),
    ]),
  );
}

function container(value: unknown, pin: (image: string) => string): unknown {
  const image = isFields(value) ? value["image"] : null;
  return isFields(value) && typeof image === "string" ? { ...value, image: pin(image) } : value;
}

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
