import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { Masker, secretsOf } from "../../../src/executor/local/runner/mask.ts";
import { Printable } from "../../../src/executor/local/runner/printable.ts";
import { deploySpec, orchestrator, script, temporaryHome, wholeLog } from "./rig.ts";

test("no way of cutting a stream into pieces shows a secret, and nothing else is lost", () => {
  const secret = fc.stringMatching(/^[ab]{4,7}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(secret, { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof(fc.constantFrom("x", "ab", "a", "b", "\n"), secret), { maxLength: 12 }),
      fc.array(fc.nat(7)),
      (values, parts, cuts) => {
        const text = parts.join("");
        const masker = new Masker(secretsOf(values));
        let [shown, at] = ["", 0];
        for (const cut of cuts) shown += masker.push(text.slice(at, (at += cut)));
        shown += masker.push(text.slice(at)) + masker.end();
        for (const value of values) expect(shown).not.toContain(value);
        expect(shown.replaceAll(/\*\*\*|[ab]/g, "")).toBe(text.replaceAll(/[ab]/g, ""));
      },
    ),
  );
});

test("colours stay, other control characters do not, however they are cut", () => {
  const text = "a\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u0000\u009b \u001b[2J end";
  fc.assert(
    fc.property(fc.array(fc.nat(5)), (cuts) => {
      const printable = new Printable();
      let [shown, at] = ["", 0];
      for (const cut of cuts) shown += printable.push(text.slice(at, (at += cut)));
      shown += printable.push(text.slice(at)) + printable.end();
      expect(shown).toBe("a\u001b[31mred\u001b[0m ·]0;title· ·· ·[2J end");
    }),
  );
});

test("credentials are masked in the log, in pieces too, and in the message", async () => {
  const home = temporaryHome();
  process.env["RIG_TOKEN"] = "hunter2-hunter2";
  const { executor, end } = orchestrator(home);
  const pieces = `const t = process.env.RIG_TOKEN; process.stdout.write(t.slice(0, 5)); setTimeout(() => { process.stdout.write(t.slice(5) + "\\n"); console.error("bad " + t); process.exit(1) }, 50)`;
  await executor.start(deploySpec("masked", script(pieces), { credentials: ["RIG_TOKEN"] }));
  const ended = await end("masked");
  expect(ended).toMatchObject({ outcome: "failed", message: expect.stringContaining("bad ***") });
  const files = ["log", "outcome.json", "input.json", "runner.log"]
    .map((name) => readFileSync(join(home, "attempts/masked", name), "utf8"))
    .join("");
  expect(files).not.toContain("hunter2-hunter2");
  expect(files).toContain("***\n");
});

test("where a kubeconfig is, is shown though it is a credential: a message names the file", async () => {
  const home = temporaryHome();
  vi.stubEnv("KUBECONFIG", "/home/ana/.kube/shop");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { executor, end } = orchestrator(home);
  await executor.start(
    deploySpec("path", script(`console.error("no " + process.env.KUBECONFIG); process.exit(1)`), { credentials: ["KUBECONFIG"] }),
  );
  expect(await end("path")).toMatchObject({ message: expect.stringContaining("no /home/ana/.kube/shop") });
});

test("1 GB is drained and bounded, binary is made printable, and the end is still told", { timeout: 60_000 }, async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home, { logLimit: 100_000 });
  const flood = `const chunk = Buffer.alloc(1 << 20, 0x78); let n = 0; const go = () => { while (n++ < 1024) if (!process.stdout.write(chunk)) return process.stdout.once("drain", go); process.stdout.end("the end", () => process.exit(4)) }; go()`;
  await executor.start(deploySpec("flood", script(flood)));
  await executor.start(deploySpec("binary", script(`process.stdout.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256)))`)));
  expect(await end("flood")).toMatchObject({ outcome: "failed", message: expect.stringMatching(/x+the end$/) });
  const log = await wholeLog(executor, "flood");
  expect(log.length).toBeLessThan(101_000);
  expect(log.slice(-200)).toMatch(/\nsluice: 10736\d+ bytes more were printed and are not kept: a log keeps at most 100000 bytes\n$/);
  expect(await end("binary")).toMatchObject({ outcome: "succeeded" });
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  expect(await wholeLog(executor, "binary")).not.toMatch(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f]/);
});

test("a log is read in pieces as it grows, characters whole", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  await executor.start(deploySpec("grows", script(`console.log("über"); setTimeout(() => console.log("日本語"), 100)`)));
  let [text, offset] = ["", 0];
  for (let ended = false; !ended;) {
    const part = await executor.readLog("grows", offset, 5);
    expect(part.text).not.toContain("\ufffd");
    text += part.text;
    ended = part.ended;
    if (part.next === offset && !ended) await executor.logGrown("grows", offset, AbortSignal.timeout(5000));
    offset = part.next;
  }
  expect(text).toMatch(/über\n日本語\n$/);
  await end("grows");
});

test("what a command leaves in the background ends with it, and holds nothing up", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  await executor.start(deploySpec("background", ["sh", "-c", "sleep 1000 & setsid sleep 1000 & echo done"]));
  expect(await end("background")).toMatchObject({ outcome: "succeeded" });
});
