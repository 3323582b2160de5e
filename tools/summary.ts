/** `summary.ts REPORT STATUS`: counts a vitest JSON report in one line, `N passed, N failed`. A run that ended badly never shows zero failures. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { z } from "zod";

const Report = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

const [path, status] = process.argv.slice(2);
if (path === undefined || status === undefined) throw new Error("usage: summary.ts REPORT STATUS");

const report = Report.parse(JSON.parse(readFileSync(path, "utf8")));
// A file that could not even be loaded has no test that failed, and counts as one.
const brokenFiles = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
).length;
const counted = report.numFailedTests + brokenFiles;
const endedBadly = !report.success || status !== "0";
const failed = counted === 0 && endedBadly ? 1 : counted;

process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && report.numPassedTests > 0 ? 0 : 1;
