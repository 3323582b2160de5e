import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";

/** Lines of context around a change. */
const CONTEXT = 3;
/** Texts that differ in more places are shown as removed and added: finding the least difference would take too long. */
const EDITS = 500;

/** The difference between two texts in the unified format (null: there is none), with how many lines it takes away and adds. `patch` is empty where there is none. */
export type TextChange = { readonly patch: string; readonly added: number; readonly removed: number };

export function textChange(before: string | null, after: string | null): TextChange {
  if (before === after) return { patch: "", added: 0, removed: 0 };
  const options = { context: CONTEXT, maxEditLength: EDITS, headerOptions: FILE_HEADERS_ONLY };
  const patch =
    createTwoFilesPatch("a/text", "b/text", before ?? "", after ?? "", undefined, undefined, options) ?? whole(before ?? "", after ?? "");
  const lines = patch.split("\n").slice(2);
  return { patch: `diff --git a/text b/text\n${patch}`, added: countOf(lines, "+"), removed: countOf(lines, "-") };
}

const countOf = (lines: readonly string[], sign: string): number => lines.filter((line) => line.startsWith(sign)).length;

/** All of one text taken away and all of the other added. */
function whole(before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const head = `--- a/text\n+++ b/text\n@@ -${rangeOf(old)} +${rangeOf(now)} @@`;
  return [head, ...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`), ""].join("\n");
}

const linesOf = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
const rangeOf = (lines: readonly string[]): string => `${lines.length === 0 ? 0 : 1},${lines.length}`;
