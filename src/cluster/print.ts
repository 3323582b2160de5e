import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { createOnce, readText } from "../host/files.ts";
import { isSecret } from "./manifests.ts";
import { inOrder, type KubeObject, type Ref } from "./objects.ts";

/** What stands for a value that nobody may see: another value is another text, and the value cannot be guessed from it. `where` names the value, so that equal values are not seen to be equal. */
export type Mask = (where: string, value: Uint8Array) => string;

/** The mask of a store, by a key of its own that is made when the first value is masked (`home/drivers/cluster/mask.key`). */
export function maskOf(home: string): Mask {
  let key: string | null = null;
  return (where, value) => {
    key ??= keyOf(directoryIn(home));
    return `(hidden ${createHmac("sha256", key).update(`${where}\0`).update(value).digest("hex").slice(0, 16)})`;
  };
}

const directoryIn = (home: string): string => join(home, "drivers", "cluster");
const fileIn = (directory: string): string => join(directory, "mask.key");

function keyOf(directory: string): string {
  const known = readText(fileIn(directory));
  if (known !== null) return known;
  createKey(directory, randomBytes(32).toString("hex"));
  return readText(fileIn(directory)) ?? keyOf(directory);
}

function createKey(directory: string, key: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  createOnce(fileIn(directory), key);
}

/** For a store that has none yet: a key that others have as well, so that they mask alike. */
export const writeMaskKey = (home: string, key: string): void => createKey(directoryIn(home), key);

/** Documents in the order of application, then by namespace and name, keys sorted, the values of Secrets masked. Equal objects print equally. */
export function printManifests(objects: readonly KubeObject[], mask: Mask): string {
  const name = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ""} ${metadata.name}`;
  const ordered = inOrder(objects.toSorted((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0)));
  return ordered.map((object) => `---\n${printObject(object, mask)}`).join("");
}

export function printObject(object: KubeObject, mask: Mask): string {
  return stringify(withoutSecrets(object, mask), { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" });
}

/** What kubectl keeps of the manifest as it was applied, secrets and all. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A Secret's values masked, whether they are `data` or `stringData`, and no copy of them in an annotation. */
export function withoutSecrets(object: KubeObject, mask: Mask): KubeObject {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  const clean =
    object.metadata.annotations?.[LAST_APPLIED] === undefined ? object : { ...object, metadata: { ...object.metadata, annotations } };
  if (!isSecret(object)) return clean;
  const { stringData, ...secret } = clean;
  const values = { ...decoded(clean["data"], "base64"), ...decoded(stringData, "utf8") };
  const where = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
  return { ...secret, data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, mask(`${where}/${key}`, value)])) };
}

/** Shorter values are everywhere, and hide nothing. */
const SHORTEST = 6;

/** Hides the values of these objects' Secrets in a text, such as what a pod has logged. */
export function hiding(objects: readonly Ref[]): (text: string) => string {
  const values = (objects as readonly KubeObject[]).filter(isSecret).flatMap((secret) =>
    [...Object.values(decoded(secret["data"], "base64")), ...Object.values(decoded(secret["stringData"], "utf8"))].flatMap((value) => {
      const text = value.toString("utf8");
      return [text, ...text.split(/\r?\n/)].map((one) => one.trim());
    }),
  );
  const secrets = [...new Set(values)].filter((value) => value.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
  return (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}

function decoded(data: unknown, encoding: "base64" | "utf8"): Record<string, Buffer> {
  if (typeof data !== "object" || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(typeof value === "string" ? value : JSON.stringify(value ?? ""), encoding),
    ]),
  );
}
