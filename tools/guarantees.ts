import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Checks docs/guarantees.md: each guarantee names a test that proves it, in a file that has a test of that title. */
const PAGE = "docs/guarantees.md";
const INVARIANTS = 12;
const PROOF = /\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g;

type Row = { readonly line: number; readonly text: string };

/** What is wrong with the page, a line each; empty: nothing. `read` gives a file's text, or null where there is none. */
export function problemsOf(page: string, read: (path: string) => string | null): readonly string[] {
  const rows = page.split("\n").flatMap((text, i): Row[] => (/^\|\s*\**\d/.test(text) ? [{ line: i + 1, text }] : []));
  const numbers = rows.map(({ line, text }) => ({ line, number: Number(/\d+/.exec(text)?.[0]) }));
  const missing = Array.from({ length: INVARIANTS }, (_, i) => i + 1).filter((n) => numbers.every(({ number }) => number !== n));
  // branches that each add the next number merge without a conflict
  const misplaced = numbers.filter(({ number }, i) => number !== i + (numbers[0]?.number ?? 1));
  return [
    ...missing.map((n) => `${PAGE}: invariant ${n} is missing`),
    ...misplaced.slice(0, 1).map(({ line, number }) => `${PAGE}:${line}: ${number} is out of order`),
    ...rows.flatMap((row) => problemsIn(row, read)),
  ];
}

function problemsIn({ line, text }: Row, read: (path: string) => string | null): readonly string[] {
  const proofs = [...text.matchAll(PROOF)];
  if (proofs.length === 0) return [`${PAGE}:${line}: no test is named`];
  return proofs.flatMap(([, title = "", link = ""]) => {
    const path = join(dirname(PAGE), link);
    const source = read(path);
    if (source === null) return [`${PAGE}:${line}: ${path} does not exist`];
    const named = [`"${title}"`, `\`${title}\``, `'${title}'`].some(
      (quoted) => source.includes(`(${quoted}`) || source.includes(`  ${quoted},`),
    );
    return named ? [] : [`${PAGE}:${line}: ${path} has no test "${title}"`];
  });
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = problemsOf(readFileSync(PAGE, "utf8"), readOrNull);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
