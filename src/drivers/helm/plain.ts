import type { Ref } from "../../cluster/objects.ts";

/**
 * What every attempt reads of YAML, line by line where it is written as nearly all is: loading and running a parser takes longer than all else that an attempt does.
 * Where anything is otherwise each answer is null, and a parser has the say.
 */

/** What the objects of a manifest are. */
export function plainRefs(manifest: string): readonly Ref[] | null {
  const found: Ref[] = [];
  // a line that begins a document stands in no text: the lines of a block are indented
  for (const document of manifest.split(/^---(?:[ \t].*)?$/m)) {
    if (/^[ \t]*(#.*)?$/.test(document.trim()) || document.split("\n").every((line) => /^\s*(#|$)/.test(line))) continue;
    const ref = plainRef(document);
    if (ref === null) return null;
    found.push(ref);
  }
  return found;
}

const TOP = /^[A-Za-z][A-Za-z]*:(?:\s|$)/;

function plainRef(document: string): Ref | null {
  const lines = document.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  if (!lines.every((line) => line.startsWith(" ") || line.startsWith("- ") || TOP.test(line))) return null;
  const top = (key: string) => only(lines.flatMap((line) => (line.startsWith(`${key}:`) ? [line.slice(key.length + 1)] : [])));
  const [apiVersion, kind] = [word(top("apiVersion")), word(top("kind"))];
  const at = lines.indexOf("metadata:");
  if (apiVersion === null || kind === null || at < 0 || kind.endsWith("List")) return null;
  // whether it is waited for is in its spec
  if (kind === "Service" && document.includes("LoadBalancer")) return null;
  const end = lines.findIndex((line, index) => index > at && !line.startsWith(" "));
  const inside = lines.slice(at + 1, end < 0 ? undefined : end);
  const indent = /^ */.exec(inside[0] ?? "")?.[0] ?? "";
  const own = (key: string) =>
    inside.flatMap((line) => (line.startsWith(`${indent}${key}:`) ? [line.slice(indent.length + key.length + 1)] : []));
  const [name, namespaces] = [word(only(own("name"))), own("namespace")];
  const namespace = word(only(namespaces));
  if (name === null || (namespaces.length > 0 && namespace === null)) return null;
  return { apiVersion, kind, metadata: { name, ...(namespace === null ? {} : { namespace }) } };
}

const only = (texts: readonly string[]): string | null => (texts.length === 1 ? (texts[0] ?? null) : null);

/** A text that means itself: no number, no truth value, no anchor, nothing quoted that has to be undone. */
function word(text: string | null): string | null {
  const [, quote, said] = /^\s+(["']?)([A-Za-z][A-Za-z0-9./:-]*)\1\s*$/.exec(text ?? "") ?? [];
  if (said === undefined || said.endsWith(":")) return null;
  return quote === "" && /^(y|n|yes|no|on|off|true|false|null)$/i.test(said) ? null : said;
}

/** A chart's name and version, where it has no dependencies. */
export function plainMetadata(text: string): { readonly name: string; readonly version: string } | null {
  if (/^dependencies|^[{&?]|^---|\t/m.test(text)) return null;
  const [name, version] = ["name", "version"]
    .map((key) => new RegExp(`^${key}: +(["']?)([A-Za-z0-9][A-Za-z0-9.+-]*)\\1 *$`, "gm"))
    .map((line) => {
      const found = [...text.matchAll(line)];
      return found.length === 1 ? (found[0]?.[2] ?? null) : null;
    });
  return name && version ? { name, version } : null;
}

/** Of a chart's values the keys of its image, or that it is one text; what they say is left out. */
export function plainImage(text: string): { readonly image: string | Readonly<Record<string, string>> } | null {
  if (/^[{&?]|^---|\t/m.test(text)) return null;
  const lines = text.split("\n");
  const at = lines.findIndex((line) => /^["']?image["']?:/.test(line));
  const [, said] = /^image:(.*)$/.exec(lines[at] ?? "") ?? [];
  if (said === undefined || lines.findLastIndex((line) => /^["']?image["']?:/.test(line)) !== at) return null;
  if (/^ +["']?[A-Za-z0-9][^#{}]*$/.test(said)) return { image: "" };
  if (!/^ *(#.*)?$/.test(said)) return null;
  const end = lines.findIndex((line, index) => index > at && /^[^ #]/.test(line));
  const inside = lines.slice(at + 1, end < 0 ? undefined : end).filter((line) => !/^ *(#|$)/.test(line));
  const indent = /^ */.exec(inside[0] ?? "")?.[0] ?? "";
  const own = inside.filter((line) => line.startsWith(indent) && line[indent.length] !== " ");
  const keys = own.map((line) => /^([A-Za-z][A-Za-z0-9]*):/.exec(line.slice(indent.length))?.[1] ?? null);
  if (keys.length === 0 || keys.includes(null)) return null;
  return { image: Object.fromEntries(keys.map((key) => [key ?? "", ""])) };
}
