import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** What a chart's hooks ask of whoever runs Helm: `ready`, that what is deployed has become ready when they start. */
export type HookNeeds = "none" | "before" | "ready";

const LARGEST_ARCHIVE = 64 * 1024 * 1024;
const EVENTS = /helm\.sh\/hook["']?\s*:\s*(.*)/g;
/** Of these none starts after what is deployed. */
const BEFORE = /^["']?\s*((pre-(install|upgrade|delete|rollback)|post-delete|test(-success)?|crd-install)\s*,?\s*)+["']?\s*(#.*)?$/;

/** Judged by the text of a chart and its dependencies, before anything is rendered: what cannot be told counts as `ready`. */
export async function hookNeeds(path: string): Promise<HookNeeds> {
  let found: HookNeeds = "none";
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || !/\.(ya?ml|tpl|txt|tgz)$/.test(entry.name)) continue;
    const needs = needsOf(await textOf(join(entry.parentPath, entry.name)));
    if (needs === "ready") return needs;
    if (needs === "before") found = needs;
  }
  return found;
}

/** An archive is searched as it is: a name in it is a name in one of its files. */
async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file);
  return file.endsWith(".tgz") ? gunzipSync(bytes, { maxOutputLength: LARGEST_ARCHIVE }).toString("latin1") : bytes.toString("utf8");
}

export function needsOf(text: string): HookNeeds {
  const events = [...text.matchAll(EVENTS)].map(([, said = ""]) => said.trim());
  if (events.length === 0) return "none";
  return events.every((said) => BEFORE.test(said)) ? "before" : "ready";
}
