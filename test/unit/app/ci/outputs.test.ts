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
