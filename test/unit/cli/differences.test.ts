import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { diffLines, summaryLines, type Diff } from "../../../src/cli/commands/diff.ts";
import { driftLines } from "../../../src/cli/commands/drift.ts";
import { colorsOf } from "../../../src/cli/output/paint.ts";
import type { Schemas } from "../../../src/contract/client.ts";
import { until } from "../../rig/wait.ts";
import { jsonOf, Place, Shop } from "./rig.ts";

const plain = colorsOf(false);
const [OLD, NEW] = ["1".repeat(40), "2".repeat(40)];
type Target = Diff["targets"][number];
type Change = NonNullable<Target["objects"]>[number];

const object = (part: Partial<Change> = {}): Change => ({
  kind: "Deployment",
  name: "api",
  namespace: "harbor",
  change: "changed",
  before: "a: 1\nb: 1\n",
  after: "a: 1\nb: 2\n",
  cut: false,
  ...part,
});
function target(name: string, objects: Target["objects"], part: Partial<Target> = {}): Target {
  const counts = { added: 0, changed: 0, removed: 0, same: 0 };
  for (const { change } of objects ?? []) counts[change] += 1;
  const change = objects !== null && counts.same === objects.length ? "same" : "changed";
  const texts = { before: null, after: null, artifact: null, unbuilt: null, uncompared: null, problem: null, cut: false };
  return { target: `${name}@mainnet`, from: OLD, to: NEW, change, objects, counts: objects && counts, ...texts, ...part };
}
const diffOf = (targets: readonly Target[]): Diff => ({
  commit: NEW,
  environment: "mainnet",
  summary: { targets: { changed: 0, same: 0, unknown: 0 }, objects: { added: 0, changed: 0, removed: 0, same: 0 } },
  targets: [...targets],
  commits: [],
});
const SAME = object({ kind: "Service", change: "same", before: null, after: null });

test("a short difference is printed whole: object by object with its text, and what does not differ in a line", async () => {
  const gone = object({ kind: "ClusterRole", name: "old", namespace: null, change: "removed", before: "x: 1\n", after: null });
  const hidden = object({ kind: "Secret", before: "p: ***\n", after: "p: ***\n" });
  const diff = diffOf([target("api", [object(), gone, hidden, SAME]), target("web", [SAME]), target("jobs", [SAME])]);
  expect([...summaryLines(diff, plain), ...(await diffLines(plain, diff, false))]).toEqual([
    "mainnet at 222222222: 1 of 3 targets would change: 2 objects changed, 1 removed",
    "  Deployment   1 changed",
    "  ClusterRole  1 removed",
    "  Secret       1 changed",
    "api@mainnet 111111111 -> 222222222: 2 changed, 1 removed, 1 the same",
    "  ~ Deployment harbor/api +1 -1",
    "@@ -1,2 +1,2 @@",
    " a: 1",
    "-b: 1",
    "+b: 2",
    "  - ClusterRole old",
    "@@ -1,1 +0,0 @@",
    "-x: 1",
    "  ~ Secret harbor/api",
    "  only what is hidden differs",
    "no difference: web@mainnet, jobs@mainnet",
  ]);
});

test("of fifty targets the objects are named, and the texts are for who asks for them", async () => {
  const changed = Array.from({ length: 20 }, (_, i) => target(`s${i}`, [object({ name: `s${i}` }), object({ kind: "ConfigMap" })]));
  const diff = diffOf([...changed, ...Array.from({ length: 30 }, (_, i) => target(`same${i}`, [SAME]))]);
  const short = await diffLines(plain, diff, false);
  expect(short).toHaveLength(62);
  expect(short.slice(0, 3)).toEqual([
    "s0@mainnet 111111111 -> 222222222: 2 changed",
    "  ~ Deployment harbor/s0 +1 -1",
    "  ~ ConfigMap harbor/api +1 -1",
  ]);
  expect(short.slice(-2)).toEqual([
    "no difference: same0@mainnet, same1@mainnet, same2@mainnet, same3@mainnet, same4@mainnet, same5@mainnet, same6@mainnet, same7@mainnet and 22 more",
    "texts: sluice diff --full --env mainnet --commit 222222222, or name services",
  ]);
  expect(summaryLines(diff, plain)).toEqual([
    "mainnet at 222222222: 20 of 50 targets would change: 40 objects changed",
    "  Deployment  20 changed",
    "  ConfigMap   20 changed",
  ]);
  expect((await diffLines(plain, diff, true)).filter((line) => line === "+b: 2")).toHaveLength(40);
});

test("what is less than the whole truth is said: not compared, not rendered, not built, cut", async () => {
  const diff = diffOf([
    target("api", null, { before: "a\n", after: "b\n", uncompared: "no\nanswer\u001b[2J", unbuilt: "mega" }),
    target("web", null, { from: null, after: "{}\n", change: "unknown", problem: "no chart", cut: true }),
    target("jobs", [object({ change: "added", before: null, cut: true })], {
      counts: { added: 7, changed: 0, removed: 0, same: 0 },
      cut: true,
    }),
    target("other", [SAME], { uncompared: "no answer" }),
  ]);
  expect(summaryLines(diff, plain).at(-1)).toBe(
    "compared with what was applied last, not with what is there: api@mainnet, other@mainnet: no answer",
  );
  expect((await diffLines(plain, diff, false)).slice(0, -1).join("\n")).toBe(`api@mainnet 111111111 -> 222222222: +1 -1 lines
  mega is not built yet: its digest is not part of this
@@ -1,1 +1,1 @@
-a
+b
web@mainnet nothing -> 222222222: +1 -0 line
  could not be rendered, shown as its definition: no chart
@@ -0,0 +1,1 @@
+{}
  cut: the texts are too long to be sent whole
jobs@mainnet 111111111 -> 222222222: 7 added
  + Deployment harbor/api
@@ -0,0 +1,2 @@
+a: 1
+b: 2
  cut: the texts are too long to be sent whole
  and 6 more: too many to be sent`);
});

const drifted = (name: string, part: Partial<Schemas["Drift"]["targets"][number]>): Schemas["Drift"]["targets"][number] => ({
  target: `${name}@mainnet`,
  verdict: "none",
  commit: OLD,
  since: "2026-01-31T09:30:00.000Z",
  deployed: OLD,
  health: "healthy",
  differences: [],
  unknown: [],
  compared: 3,
  objects: [],
  cut: false,
  ...part,
});

test("drift: what differs, what is not known, what is as recorded, and how to bring it back", async () => {
  const scaled = { ...object(), drift: "different" as const, recorded: "replicas: 2\n", live: "replicas: 5\n" };
  const gone = { ...object({ kind: "Service" }), drift: "missing" as const, recorded: "a: 1\n", live: null };
  const lines = await driftLines(
    plain,
    {
      summary: { none: 1, drift: 1, unknown: 2 },
      targets: [
        drifted("api", { verdict: "drift", differences: ["nothing of it is there"], objects: [scaled, gone], health: "degraded" }),
        drifted("web", { verdict: "unknown", unknown: ["the API server does not answer"], health: null, compared: null }),
        drifted("admin", { verdict: "unknown", unknown: ["the API server does not answer"], health: null, compared: null }),
        drifted("jobs", {}),
      ],
    },
    false,
  );
  expect(lines.join("\n")).toBe(`1 of 4 targets differs from the ledger; 2 could not be looked at
api@mainnet 111111111: drift, 2 of 3 objects differ, degraded
  nothing of it is there
  ~ Deployment harbor/api differs +1 -1
@@ -1,1 +1,1 @@
-replicas: 2
+replicas: 5
  - Service harbor/api is gone
@@ -1,1 +0,0 @@
-a: 1
web@mainnet, admin@mainnet: not known
  the API server does not answer
as recorded: jobs@mainnet
to apply again what is recorded: sluice deploy api --env mainnet --commit 111111111 --redeploy`);
});

test("drift: one command brings back what one command can, and none is named for what nobody could look at", async () => {
  const drift = (name: string, part: Partial<Schemas["Drift"]["targets"][number]> = {}) => drifted(name, { verdict: "drift", ...part });
  const targets = [drift("api"), drift("web", { deployed: NEW }), drift("jobs"), drifted("admin", { verdict: "unknown" })];
  const lines = await driftLines(plain, { summary: { none: 0, drift: 3, unknown: 1 }, targets }, false);
  expect(lines.slice(-3)).toEqual([
    "to apply again what is recorded:",
    "  sluice deploy api jobs --env mainnet --commit 111111111 --redeploy",
    "  sluice deploy web --env mainnet --commit 222222222 --redeploy",
  ]);
});

test("a definition that is the same is no equal result, where it could not be rendered", async () => {
  const diff = diffOf([target("api", null, { before: "a\n", after: "a\n", change: "unknown", problem: "no chart" })]);
  expect(await diffLines(plain, diff, true)).toEqual([
    "api@mainnet 111111111 -> 222222222\n  could not be rendered, shown as its definition: no chart",
    "  the definition is the same",
  ]);
});

const place = new Place();
afterAll(() => place.remove());

test("the command: 0 where nothing differs, 1 where something does or cannot be looked at, 2 for what is not there", async () => {
  const shop = new Shop(place, "drift");
  expect(await shop.sluice(["drift"])).toMatchObject({ exit: 0, out: "Nothing is live there\n" });
  const head = shop.head;
  expect(await shop.sluice(["deploy", "--all", "--env", "devnet"])).toMatchObject({ exit: 0 });
  expect(await shop.sluice(["drift"])).toMatchObject({
    exit: 0,
    out: "0 of 2 targets differ from the ledger\nas recorded: api@devnet, web@devnet\n",
    err: "",
  });

  const live = (service: string, text: string) => writeFileSync(join(shop.live, `${service}@devnet`), text);
  const other = "e".repeat(40);
  live("api", JSON.stringify({ commit: other, health: "healthy" }));
  rmSync(join(shop.live, "web@devnet"));
  const found = await shop.sluice(["drift", "--env", "devnet"]);
  expect(found.exit).toBe(1);
  expect(found.out).toContain(
    `api@devnet ${head.slice(0, 9)}: drift\n  ${other.slice(0, 12)} is live, and the ledger says ${head.slice(0, 12)}`,
  );
  expect(found.out).toContain(`web@devnet ${head.slice(0, 9)}: drift\n  nothing of it is there`);
  expect(found.out).toContain(`sluice deploy api web --env devnet --commit ${head.slice(0, 9)} --redeploy`);

  live("api", "no JSON");
  const json = await shop.sluice(["drift", "api", "--env", "devnet", "--json"]);
  expect(json.exit).toBe(1);
  expect(jsonOf<Schemas["Drift"]>(json)).toMatchObject({
    summary: { none: 0, drift: 0, unknown: 1 },
    targets: [{ target: "api@devnet", verdict: "unknown", unknown: [expect.stringContaining("printed something else")] }],
  });

  expect(await shop.sluice(["drift", "--env", "nowhere"])).toMatchObject({
    exit: 2,
    err: expect.stringContaining("no environment nowhere"),
  });
  expect(await shop.sluice(["drift", "nosuch"])).toMatchObject({ exit: 2, err: expect.stringContaining("nosuch has been deployed") });
});

test("Ctrl-C ends what takes long, and the programs that it has started", async () => {
  const shop = new Shop(place, "patience");
  expect(await shop.sluice(["deploy", "api", "--env", "devnet"])).toMatchObject({ exit: 0 });
  const [looking, pipe] = [join(shop.live, "looking"), join(shop.live, "never-written")];
  execFileSync("mkfifo", [pipe]);
  shop.write("deploy.sh", `#!/bin/sh\necho $$ > ${looking}.new && mv ${looking}.new ${looking} && exec cat ${pipe}\n`, 0o755);
  const interruption = new AbortController();
  const ended = shop.sluice(["drift"], { interruption });
  await until(() => (existsSync(looking) ? true : null), "the look");
  interruption.abort();
  expect(await ended).toMatchObject({ exit: 130, out: "", err: "error: Interrupted: nothing was changed\n" });
  const pid = Number(readFileSync(looking, "utf8"));
  await until(() => (existsSync(`/proc/${pid}`) ? null : true), "the end of the look");
});
