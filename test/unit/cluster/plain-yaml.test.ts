import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { parsePlain } from "../../../src/cluster/plain-yaml.ts";

/** As `kubectl config view --raw` prints it. */
const WRITTEN = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTi==
    server: https://127.0.0.1:39425
  name: sluice
- cluster:
    insecure-skip-tls-verify: true
    server: "https://[::1]:6443"
  name: other
contexts:
- context:
    cluster: sluice
    namespace: default
    user: admin
  name: arn:aws:eks:eu-west-1:123456789012:cluster/prod
current-context: sluice
kind: Config
preferences: {}
users:
- name: admin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - eu-west-1
      command: aws
      env: null
      provideClusterInfo: false
- name: nobody
  user: {}
`;

test("a kubeconfig as kubectl writes it is read", () => {
  expect(parsePlain(WRITTEN)).toEqual(parse(WRITTEN));
  expect(parsePlain(`# a comment\n---\n${WRITTEN}\n`)).toEqual(parse(WRITTEN));
});

test.each([
  "a: |\n  text",
  "a: &x b",
  "a: *x",
  "a: !!str b",
  "a: 1",
  "a: 0x1f",
  "a: -1",
  "a: .5",
  "a: True",
  "a: b: c",
  "a: b # c",
  "a: [b]",
  'a: "b\\n"',
  "a: 'it''s'",
  "a: b\n  c",
  "a: b\n    c: d",
  "a: b\na: c",
  "? a",
  "- - a",
  "-\n  a: b",
  "a:\n\t- b",
  "a: b\n- c",
  "text",
  "a: b\r\nc: d",
  "a: ~",
  "\u00a0a: b",
  "a: é",
])("%j is left to a whole parser", (text) => {
  expect(parsePlain(text)).toBeNull();
});

test("whatever it reads, it reads as a whole parser does", () => {
  const text = fc.oneof(
    fc.constantFrom("true", "no", "1", "1e3", "~", "null", "a b", "a: b", "a #b", "- a", "é", "/x", "https://h:1/p?q=1", "a=", "x:", "''"),
    fc.string({ maxLength: 8 }),
    fc.stringMatching(/^[A-Za-z][A-Za-z0-9+/=.:_-]{0,12}$/),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,8}$/), tie("value"), { maxKeys: 4 }),
    ),
  }));
  let read = 0;
  fc.assert(
    fc.property(value, (one) => {
      const written = stringify(one);
      const plain = parsePlain(written);
      if (plain === null) return;
      read++;
      expect(plain).toEqual(parse(written));
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(300);
});

test("whatever the lines, it says the same as a whole parser, or nothing", () => {
  const line = fc
    .tuple(
      fc.nat(3),
      fc.constantFrom(
        "a: b",
        "a:",
        "b:",
        "- a",
        "- a: b",
        "-",
        "c: {}",
        "# x",
        "b: true",
        "- b:",
        "a: 'x'",
        'c: ""',
        "---",
        "a: [b]",
        "  ",
      ),
    )
    .map(([depth, content]) => "  ".repeat(depth) + content);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 7 }), (lines) => {
      const written = lines.join("\n");
      const plain = parsePlain(written);
      if (plain !== null) expect(plain).toEqual(parse(written));
    }),
    { numRuns: 20_000 },
  );
});
