import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Digest } from "../config/config.ts";

/** Canonical texts of long lists that occur again and again, by the list itself. Only while nothing changes them: for one plan. */
export type Texts = Map<readonly unknown[], string>;
const LONG = 32;

/** `sha256:` over the value's canonical JSON: keys sorted, no spaces, `undefined` left out. Equal data has equal fingerprints. */
export function fingerprint(value: unknown, texts: Texts | null = null): Digest {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(canonical(value, texts))))}`;
}

function canonical(value: unknown, texts: Texts | null): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return list(value, texts);
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of Object.keys(fields).toSorted())
    if (fields[key] !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(fields[key], texts)}`;
  return `{${text}}`;
}

function list(value: readonly unknown[], texts: Texts | null): string {
  const known = texts?.get(value);
  if (known !== undefined) return known;
  const text = `[${value.map((item) => canonical(item, texts)).join(",")}]`;
  if (value.length >= LONG) texts?.set(value, text);
  return text;
}
