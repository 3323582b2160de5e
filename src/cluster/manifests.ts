import { type Document, isMap, isScalar, type ParsedNode, parseAllDocuments, type Tags } from "yaml";
import { ClusterError } from "./errors.ts";
import { groupOf, type KubeObject } from "./objects.ts";

/** What an API server takes in one request (its limit for a body, 3 MiB). */
const LARGEST_OBJECT = 3 * 1024 * 1024;
const LARGEST_TEXT = 32 * 1024 * 1024;

/**
 * As Kubernetes' own tools read YAML, which is version 1.1 (`defaultMode: 0644` is octal, `on` is true) but for times and sexagesimal numbers, which they take for texts.
 * `yaml` reads 1.2 by itself, where these say something else.
 */
const TAGS = {
  version: "1.1" as const,
  customTags: (tags: Tags): Tags =>
    tags
      .filter(
        (tag) => typeof tag === "string" || !(("format" in tag && tag.format === "TIME") || tag.tag === "tag:yaml.org,2002:timestamp"),
      )
      // `yaml` takes `e12345`, which may be a commit's short name, for a number without digits
      .map((tag) =>
        typeof tag !== "string" && tag.collection === undefined && tag.format === "EXP" ? { ...tag, test: WITH_EXPONENT } : tag,
      ),
};
const WITH_EXPONENT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$/;

/**
 * The objects of a text of YAML or JSON documents, those of a `List` one by one, empty documents left out.
 * Throws `ClusterError` with the document's line for what cannot be an object, and for more than a cluster takes. @param what how messages name the text
 */
export function parseManifests(text: string, what = "the manifest"): readonly KubeObject[] {
  if (text.length > LARGEST_TEXT) throw tooLarge(`${what} has ${megabytes(text.length)}`, LARGEST_TEXT);
  const documents = parseAllDocuments(text, { ...TAGS, prettyErrors: false, logLevel: "error" });
  if (!Array.isArray(documents)) return [];
  return (documents as Document.Parsed<ParsedNode>[]).flatMap((document) => {
    const at = `${what}, line ${text.slice(0, document.range[0]).split("\n").length + (text.slice(document.range[0]).startsWith("---") ? 1 : 0)}`;
    const [error] = document.errors;
    if (error)
      throw invalid(`${what}, line ${text.slice(0, error.pos[0]).split("\n").length}: ${error.message.replace(/(alias.*?): .*/i, "$1")}`);
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return [];
    if (!isMap(document.contents)) throw invalid(`${at}: is no mapping`);
    return flatten(read(document, at), at);
  });
}

function read(document: Document.Parsed<ParsedNode>, at: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    // the name of an alias may be a password that begins with an asterisk
    throw invalid(`${at}: ${error instanceof Error ? error.message.replace(/(alias.*?): .*/i, "$1") : String(error)}`);
  }
}

function flatten(value: unknown, at: string): KubeObject[] {
  const { apiVersion, kind, metadata, items } = value as Record<string, unknown>;
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw invalid(`${at}: has no apiVersion and kind`);
  if (kind.endsWith("List") && Array.isArray(items)) return items.flatMap((item: unknown) => flatten(item, `${at}, an item of ${kind}`));
  const { name, namespace, generateName, labels, annotations } = isFields(metadata) ? metadata : {};
  if (typeof name !== "string" || name === "")
    throw invalid(
      `${at}: ${kind} has no metadata.name${generateName === undefined ? "" : ": a generateName makes another object each time, and nobody finds it again"}`,
    );
  if (namespace !== undefined && namespace !== null && typeof namespace !== "string")
    throw invalid(`${at}: ${kind}/${name} has a namespace that is no text`);
  for (const [key, map] of Object.entries({ labels, annotations }))
    for (const [label, text] of Object.entries(isFields(map) ? map : {}))
      if (typeof text !== "string")
        throw invalid(`${at}: ${kind}/${name}: metadata.${key}.${label} is ${JSON.stringify(text)}, which is no text: quote it`);
  if (isSecret({ apiVersion, kind }))
    for (const field of ["data", "stringData"])
      for (const [key, text] of Object.entries(fieldsOf((value as Record<string, unknown>)[field])))
        // the API server would repeat the value
        if (typeof text !== "string") throw invalid(`${at}: Secret/${name}: ${field}.${key} is no text: quote it`);
  const size = JSON.stringify(value).length;
  if (size > LARGEST_OBJECT) throw tooLarge(`${at}: ${kind}/${name} has ${megabytes(size)}`, LARGEST_OBJECT);
  const { namespace: _, ...rest } = metadata as Record<string, unknown>;
  return [
    { ...(value as KubeObject), metadata: { ...rest, name, ...(typeof namespace === "string" && namespace !== "" ? { namespace } : {}) } },
  ];
}

const fieldsOf = (value: unknown): Record<string, unknown> => (isFields(value) ? value : {});
const isFields = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
const invalid = (message: string): ClusterError => new ClusterError("invalid", message, "Correct the manifest");
const tooLarge = (message: string, limit: number): ClusterError =>
  new ClusterError(
    "too-large",
    `${message}; at most ${megabytes(limit)} are taken`,
    "Split it, or keep the data elsewhere: a cluster stores no object larger than about 1.5 MB",
  );

/** Whether it is a `Secret` of Kubernetes itself. */
export const isSecret = ({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): boolean =>
  kind === "Secret" && groupOf(apiVersion) === "";
