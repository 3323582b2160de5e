import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { Outputs } from "../../../../src/app/ci/outputs.ts";

const chunks = (number: number) => Array.from({ length: number }, (_, i) => ({ name: `service-${i}`, services: [`service-${i}`] }));

test.skipIf(process.platform !== "linux")(
  "what is handed on fits into the variables of the jobs behind, and what does not is refused by name",
  () => {
    const outputs = new Outputs({}, () => {});
    const most = Array.from({ length: 100 }, (_, i) => (i + 1) * 50)
      .filter((number) => {
        try {
          outputs.hand("waves", chunks(number));
          return true;
        } catch {
          return false;
        }
      })
      .at(-1);
    expect(most).toBeGreaterThan(1000);
    const started = (number: number): boolean => {
      const SLUICE_NEEDS = JSON.stringify({ plan: { result: "success", outputs: { waves: JSON.stringify(chunks(number)) } } }, null, 2);
      return spawnSync(process.execPath, ["--version"], { env: { SLUICE_NEEDS } }).error === undefined;
    };
    expect(started(most ?? 0)).toBe(true);
    expect(started((most ?? 0) * 2)).toBe(false);
    expect(() => outputs.hand("waves", chunks((most ?? 0) + 50))).toThrow(/^waves would have \d+ bytes, and a job can be given 120000$/);
  },
);

test.each([
  ["::set-output name=x::y", ": :set-output name=x::y"],
  ["fine\n  \t::error::x", "fine\n  \t: :error::x"],
  ["fine\r::error::x", "fine\r: :error::x"],
  ["\u0085\u00A0::error::x", "\u0085\u00A0: :error::x"],
  [":::error::x", ": ::error::x"],
  ["stopped: ##[add-mask]a ##[error]b", "stopped: ## [add-mask]a ## [error]b"],
  ["a::b, #[c] ## d", "a::b, #[c] ## d"],
])("no line of ours is a command: %j", (line, said) => {
  let out = "";
  const outputs = new Outputs({}, (text) => (out += text));
  outputs.say(line);
  expect(out).toBe(`${said}\n`);
});

test("a title is one line, as it is", () => {
  let out = "";
  const outputs = new Outputs({}, (text) => (out += text));
  outputs.group("50%0A::error::x\n::error::y");
  expect(out).toBe("::group::50%250A::error::x ::error::y\n");
});
