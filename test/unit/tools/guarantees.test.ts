import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { problemsOf } from "../../../tools/guarantees.ts";

const page = readFileSync("docs/guarantees.md", "utf8");
const read = (path: string): string | null => (existsSync(path) ? readFileSync(path, "utf8") : null);

test("every guarantee names a test that is there", () => {
  expect(problemsOf(page, read)).toEqual([]);
});

test("a test that is gone, a file that is gone, a row without a proof and a missing invariant are told", () => {
  const rows = [
    "| 1 | never two | [a title that nobody has](../test/unit/tools/guarantees.test.ts) |",
    "| 2 | needs first | [x](../test/unit/gone.test.ts) |",
    "| 3 | approved | trust us |",
  ];
  const problems = problemsOf(rows.join("\n"), read);
  expect(problems).toEqual([
    ...[4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => `docs/guarantees.md: invariant ${n} is missing`),
    'docs/guarantees.md:1: test/unit/tools/guarantees.test.ts has no test "a title that nobody has"',
    "docs/guarantees.md:2: test/unit/gone.test.ts does not exist",
    "docs/guarantees.md:3: no test is named",
  ]);
});

test("a number that is used twice is told", () => {
  const proof = "[every guarantee names a test that is there](../test/unit/tools/guarantees.test.ts)";
  const rows = [...Array.from({ length: 12 }, (_, i) => i + 1), 12, 13].map((n) => `| ${n} | promise | ${proof} |`);
  expect(problemsOf(rows.join("\n"), read)).toEqual(["docs/guarantees.md:13: 12 is out of order"]);
});
