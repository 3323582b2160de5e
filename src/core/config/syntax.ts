import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node as YamlNode,
  type Scalar as YamlScalar,
  type YAMLError,
} from "yaml";
import { listNames, quote, shorten } from "./names.ts";
import type { Span } from "./lines.ts";
import type { Report } from "./report.ts";
import type { Entry, Mapping, Node } from "./tree.ts";

/** In UTF-16 units. A file of 1,000 services has about a fifth of it. */
export const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 32;
/** Values that aliases may add to a file: enough for shared settings, too few for a bomb. */
const MAX_ALIASED = 20_000;

const START: Span = { start: 0, end: 0 };

/** The file's mapping with the place of every value; null after a problem that leaves nothing to check. Syntax is YAML 1.2 core without tags and merge keys. */
export function readYaml(text: string, report: Report): Mapping | null {
  if (text.length > MAX_LENGTH) {
    const size = (text.length / 1_000_000).toFixed(1);
    report.error(
      "too-large",
      START,
      `the file holds ${size} million characters; at most 1 million are read`,
      "is this the right file? values of deployments belong in files of their own",
    );
    return null;
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    report.error("not-text", { start: nul, end: nul + 1 }, "this is no text file: it holds a NUL character", "save it as UTF-8");
    return null;
  }
  const document = compose(text, report);
  if (document === null || !syntaxIsFine(document, text, report)) return null;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    report.error("empty-file", START, "the file says nothing", "`sluice init` writes one to start from");
    return null;
  }
  const root = new Converter(report).convert(document.contents, 0);
  if (root.kind !== "mapping") {
    report.error(
      "not-a-mapping",
      root.at,
      `the file is ${root.kind === "list" ? "a list" : "a single value"}, not a mapping of keys`,
      "begin with `version: 1`",
    );
    return null;
  }
  return root;
}

function compose(text: string, report: Report): Document.Parsed | null {
  try {
    // Keys are compared in `Converter`, in linear time; the library compares each with each.
    return parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report.error("too-deep", START, "the file is nested too deeply to be read", `at most ${MAX_DEPTH} levels`);
    return null;
  }
}

/** Reports what makes the document unreadable. One broken line breaks what follows it, so nothing else is checked then. */
function syntaxIsFine(document: Document.Parsed, text: string, report: Report): boolean {
  const problems: readonly YAMLError[] = [...document.errors, ...document.warnings];
  const deep = problems.find((problem) => problem.code === "RESOURCE_EXHAUSTION");
  if (deep !== undefined) {
    report.error("too-deep", spanOf(deep), "the file is nested too deeply to be read", `at most ${MAX_DEPTH} levels`);
    return false;
  }
  if (problems.length > 0 && reportTabs(problems, text, report)) return false;
  for (const problem of problems) reportSyntax(problem, report);
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2") {
    report.error(
      "yaml-version",
      { start: 0, end: 1 },
      `the file asks for YAML ${version}; it is read as YAML 1.2 only`,
      "remove the `%YAML` line",
    );
    return false;
  }
  return problems.length === 0;
}

/** Tabs as indentation make YAML fail in ways that never say so: when it failed at or after a line that begins with one, that is the problem. */
function reportTabs(problems: readonly YAMLError[], text: string, report: Report): boolean {
  const indents = [...text.matchAll(/^ *(\t[\t ]*)[^\s#]/gm)].map((match) => {
    const start = match.index + match[0].indexOf("\t");
    return { start, end: start + (match[1] ?? "").length };
  });
  const first = indents[0];
  if (first === undefined || !problems.some((problem) => problem.code === "TAB_AS_INDENT" || problem.pos[1] >= first.start - 1))
    return false;
  for (const at of indents)
    report.error("tab-indentation", at, "this line is indented with a tab", "indent with spaces: YAML allows no tabs there");
  return true;
}

function reportSyntax(problem: YAMLError, report: Report): void {
  const at = spanOf(problem);
  if (problem.code === "MULTIPLE_DOCS")
    report.error("several-documents", at, "the file holds several YAML documents", "keep one; `---` begins another");
  else if (problem.code === "TAG_RESOLVE_FAILED")
    report.error("unknown-tag", at, `tags are not read: ${shorten(problem.message)}`, "remove the `!…`");
  else report.error("yaml-syntax", at, `not valid YAML: ${shorten(problem.message)}`);
}

function spanOf(problem: YAMLError): Span {
  return { start: problem.pos[0], end: problem.pos[1] };
}

/** From the library's nodes to the few kinds that a config has, with aliases resolved. */
class Converter {
  readonly #report: Report;
  readonly #anchors = new Map<string, { readonly node: Node; readonly size: number } | "open">();
  #converted = 0;
  #aliased = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Anchors are met before their aliases, in the order of the text; a name that is set again counts from there on. */
  convert(node: YamlNode | null, depth: number, empty?: Span): Node {
    const at = node === null ? (empty ?? START) : rangeOf(node);
    if (node === null) return { kind: "scalar", at, value: null, source: "" };
    if (isAlias(node)) return this.#alias(node.source, at);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, "open");
    const before = this.#converted + this.#aliased;
    const converted = this.#plain(node, at, depth);
    this.#converted += 1;
    if (anchor !== undefined) this.#anchors.set(anchor, { node: converted, size: this.#converted + this.#aliased - before });
    return converted;
  }

  #plain(node: YamlNode, at: Span, depth: number): Node {
    if (depth > MAX_DEPTH) {
      this.#report.error("too-deep", at, `this is nested more than ${MAX_DEPTH} levels deep`);
      return unread(at);
    }
    if (isSeq(node)) return { kind: "list", at, items: node.items.map((item) => this.convert(asNode(item), depth + 1, at)) };
    if (isMap(node)) return this.#mapping(node.items, at, depth);
    if (isScalar(node)) return this.#scalar(node, at);
    return unread(at);
  }

  #mapping(pairs: readonly { readonly key: unknown; readonly value: unknown }[], at: Span, depth: number): Mapping {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const keyNode = asNode(pair.key);
      const key = keyNode === null ? at : rangeOf(keyNode);
      const name = this.#key(keyNode, key);
      const value = this.convert(asNode(pair.value), depth + 1, key);
      if (name === null) continue;
      const first = entries.get(name);
      if (first === undefined) entries.set(name, { key, value });
      else {
        const { line } = this.#report.lines.place(first.key);
        this.#report.error("duplicate-key", key, `${quote(name)} is set twice`, `remove one of them; the first is in line ${line}`);
      }
    }
    return { kind: "mapping", at, entries };
  }

  #key(node: YamlNode | null, at: Span): string | null {
    if (node === null || !isScalar(node) || node.value === null || node.source === undefined || node.source === "") {
      this.#report.error("bad-key", at, "a key must be a plain word", "write `name: value`");
      return null;
    }
    const name = typeof node.value === "string" ? node.value : node.source;
    if (name === "<<") {
      this.#report.error("merge-key", at, "merge keys are not read", "write the keys out, or use an alias for a whole value");
      return null;
    }
    if (node.anchor !== undefined) this.#report.error("bad-key", at, "a key cannot have an anchor", "remove the `&…`");
    return name;
  }

  #scalar(node: YamlScalar, at: Span): Node {
    const { value } = node;
    const source = node.source ?? String(value);
    if (typeof value === "string" && value.includes("\0")) {
      this.#report.error("not-text", at, "a text cannot hold a NUL character", "remove the `\\0`");
      return unread(at);
    }
    if (typeof value === "number" && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) {
      this.#report.error("bad-number", at, `${quote(source)} is no number that can be kept exactly`, "put it in quotes");
      return unread(at);
    }
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      return { kind: "scalar", at, value, source };
    this.#report.error("unknown-tag", at, "tags are not read", "remove the `!…`");
    return unread(at);
  }

  #alias(name: string, at: Span): Node {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#report.error(
        "unknown-anchor",
        at,
        `there is no anchor ${quote(`&${name}`)} above`,
        () => `anchors: ${listNames([...this.#anchors.keys()]) || "none"}`,
      );
      return unread(at);
    }
    if (target === "open") {
      this.#report.error("alias-loop", at, `${quote(`*${name}`)} stands inside what it stands for`);
      return unread(at);
    }
    if (this.#aliased > MAX_ALIASED) return unread(at);
    this.#aliased += target.size;
    if (this.#aliased > MAX_ALIASED) {
      this.#report.error(
        "too-many-aliases",
        at,
        `aliases make the file more than ${MAX_ALIASED} values larger than it is written`,
        "write the values out, or remove some",
      );
      return unread(at);
    }
    return { ...target.node, at };
  }
}

function asNode(value: unknown): YamlNode | null {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : null;
}

/** Without the blanks and comments that may follow. */
function rangeOf(node: YamlNode): Span {
  const range = node.range;
  return range === null || range === undefined ? START : { start: range[0], end: range[1] };
}

/** Stands where a problem has been reported, so that nobody reports what follows from it. */
function unread(at: Span): Node {
  return { kind: "unread", at };
}
