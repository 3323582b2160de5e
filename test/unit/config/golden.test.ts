import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { printDiagnostics } from "../../../src/core/config/print.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { adapters } from "./adapters.ts";

/** Each `NAME.yaml` with what `sluice validate` says about it beside it; `UPDATE_GOLDEN=1` writes the latter anew, to be read before it is committed. */
const folder = join(import.meta.dirname, "golden");
const cases = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

describe("what is said about a file", () => {
  test.each(cases)("%s", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { config, diagnostics } = parseConfig(text, name, adapters, hostZones);
    const said = printDiagnostics(diagnostics, () => text);
    const actual = config === null ? said : `${said}${JSON.stringify(config, null, 2)}\n`;
    const path = join(folder, name.replace(/\.yaml$/, ".txt"));
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, actual);
    expect(actual).toBe(readFileSync(path, "utf8"));
    expect(config === null, "a config exactly where nothing is an error").toBe(
      diagnostics.some((diagnostic) => diagnostic.severity === "error"),
    );
  });

  test("no expectation is left without its file", () => {
    const expected = readdirSync(folder).filter((name) => name.endsWith(".txt"));
    expect(expected.map((name) => name.replace(/\.txt$/, ".yaml")).sort()).toEqual([...cases].sort());
    expect(cases.length).toBeGreaterThanOrEqual(25);
  });
});
