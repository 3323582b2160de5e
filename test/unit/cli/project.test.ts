import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf, Place, Shop } from "./rig.ts";

type Step = {
  id: string;
  status: string;
  waitingFor?: { code: string; message: string };
  attempts: { id: string; outcome: string | null; startedAt: string; endedAt: string | null }[];
};
type Run = { id: string; kind: string; status: string; commit: string; steps: Step[] };
type Approval = { run: string; environment: string; commit: string; fingerprint: string; members: string[]; since: string };
type Target = { service: string; environment: string; commit: string | null; health: string; run: string | null };

const place = new Place();
afterAll(() => place.remove());

/** Each test goes on where the one before has ended: one project from its first deploy to its rollback, without a server. */
describe("a project without a server", () => {
  let shop: Shop;
  let first: string;
  let second: string;
  const live = async (environment: string): Promise<Record<string, string | null>> =>
    Object.fromEntries(
      jsonOf<Target[]>(await shop.sluice(["status", "--json", "--env", environment])).map((one) => [one.service, one.commit]),
    );

  beforeAll(() => {
    shop = new Shop(place);
    first = shop.head;
  });

  test("before the first deploy there is a plan, and nothing else; looking makes no store", async () => {
    const ended = await shop.sluice(["plan", "--all", "--json"]);
    expect(ended).toMatchObject({ exit: 0, err: "" });
    const plan = jsonOf<{
      fingerprint: string;
      release: { commit: string; artifacts: object };
      steps: { id: string; kind: string; needs: string[] }[];
    }>(ended);
    expect(Object.keys(plan)).toEqual(["fingerprint", "release", "steps"]);
    expect(plan.release).toEqual({ commit: first, artifacts: { app: null } });
    expect(plan.steps.map(({ id }) => id).sort()).toEqual(
      [
        "build:app",
        "gate:mainnet",
        ...["devnet", "mainnet"].flatMap((environment) =>
          ["api", "web"].flatMap((service) => [`deploy:${service}@${environment}`, `verify:${service}@${environment}`]),
        ),
      ].sort(),
    );
    for (const step of plan.steps) expect(Object.keys(step)).toEqual(["id", "kind", "needs"]);
    expect(await shop.sluice(["plan", "--all", "--json"])).toEqual(ended);

    expect(await shop.sluice(["status", "--json"])).toMatchObject({ exit: 0, out: "[]\n" });
    expect(await shop.sluice(["runs", "--json"])).toMatchObject({ exit: 0, out: "[]\n" });
    expect(await shop.sluice(["approvals", "--json"])).toMatchObject({ exit: 0, out: "[]\n" });
    expect(existsSync(join(shop.root, ".sluice"))).toBe(false);
  });

  test("a plan for people names each step and what it comes after", async () => {
    const ended = await shop.sluice(["plan", "api", "--env", "devnet"]);
    expect(ended.exit).toBe(0);
    expect(ended.out).toMatch(/^deploy \w{9}: 3 steps\n/);
    expect(ended.out).toMatch(/^verify:api@devnet +deploy:api@devnet$/m);
  });

  test("deploy stops at the undecided gate with exit 3, and says the command that goes on", async () => {
    const ended = await shop.sluice(["deploy", "--all", "--json"]);
    expect(ended.exit).toBe(3);
    const run = jsonOf<Run>(ended);
    expect(Object.keys(run)).toEqual(["id", "kind", "status", "commit", "steps"]);
    expect(run).toMatchObject({ id: "1", kind: "deploy", status: "waiting", commit: first });
    const gate = run.steps.find(({ id }) => id === "gate:mainnet");
    expect(gate).toMatchObject({ status: "waiting", waitingFor: { code: "approval" }, attempts: [] });
    const deployed = run.steps.find(({ id }) => id === "deploy:api@devnet");
    expect(deployed?.attempts).toEqual([
      { id: expect.any(String), outcome: "succeeded", startedAt: expect.stringMatching(/Z$/), endedAt: expect.stringMatching(/Z$/) },
    ]);
    expect(ended.err).toMatch(/\d\d:\d\d:\d\d deploy:api@devnet succeeded/);
    expect(ended.err).toContain(`sluice approve ${first.slice(0, 9)} --env mainnet`);
    expect(await live("devnet")).toEqual({ api: first, web: first });
    expect(readFileSync(join(shop.root, ".sluice", ".gitignore"), "utf8")).toBe("*\n");
    expect(shop.git("status", "--porcelain")).toBe("");
  });

  test("the process that drove it has let go of the store", async () => {
    expect(existsSync(join(shop.root, ".sluice", "owner.json"))).toBe(false);
    expect(statSync(join(shop.root, ".sluice", "sluice.db-wal")).size).toBe(0);
  });

  test("approvals say what waits", async () => {
    const ended = await shop.sluice(["approvals", "--json"]);
    const [approval, ...others] = jsonOf<Approval[]>(ended);
    expect(others).toEqual([]);
    expect(approval).toEqual({
      run: "1",
      environment: "mainnet",
      commit: first,
      fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      set: approval?.fingerprint,
      members: expect.arrayContaining(["api@mainnet", "web@mainnet"]),
      since: expect.stringMatching(/Z$/),
      approvers: [],
      count: 1,
      approved: [],
      early: false,
      skipNeeds: null,
      acceptDiverged: null,
      notes: [],
    });
    expect((await shop.sluice(["approvals"])).out).toContain(`sluice approve ${first.slice(0, 9)} --env mainnet\n`);
  });

  test("a person who says no changes nothing; one who leaves with Ctrl-C neither", async () => {
    const no = await shop.sluice(["approve", first, "--env", "mainnet"], { answers: [false] });
    expect(no).toMatchObject({ exit: 1, asked: ["Approve this?"] });
    expect(no.out).toContain("api@mainnet");
    expect((await shop.sluice(["approve", first, "--env", "mainnet"], { answers: [null] })).exit).toBe(130);
    expect(jsonOf<Approval[]>(await shop.sluice(["approvals", "--json"]))).toHaveLength(1);
  });

  test("a fingerprint that is not what was seen is refused, an unknown commit and environment too", async () => {
    const mismatch = await shop.sluice(["approve", first, "--env", "mainnet", "--expect", `sha256:${"0".repeat(64)}`]);
    expect(mismatch.exit).toBe(1);
    expect((await shop.sluice(["approve", "deadbeef", "--env", "mainnet"])).exit).toBe(2);
    expect((await shop.sluice(["approve", first, "--env", "nowhere"])).exit).toBeGreaterThan(0);
    expect(jsonOf<Approval[]>(await shop.sluice(["approvals", "--json"]))).toHaveLength(1);
  });

  test("approve records the decision and, since nobody else does, drives the run to its end", async () => {
    const ended = await shop.sluice(["approve", first.slice(0, 8), "--env", "mainnet", "--comment", "looked at devnet"]);
    expect(ended.exit).toBe(0);
    expect(ended.out).toMatch(new RegExp(`^${first.slice(0, 9)} approved in mainnet: 2 members .*run 1$`, "m"));
    expect(ended.out).toContain("run 1 (deploy");
    expect(await live("mainnet")).toEqual({ api: first, web: first });
    expect(jsonOf<Run>(await shop.sluice(["run", "show", "1", "--json"])).status).toBe("succeeded");
  });

  test("status as JSON: exactly these keys, the url where one is known", async () => {
    const targets = jsonOf<object[]>(await shop.sluice(["status", "--json", "--service", "api", "--env", "mainnet"]));
    expect(targets).toHaveLength(1);
    expect(targets[0]).toMatchObject({
      service: "api",
      environment: "mainnet",
      commit: first,
      artifact: expect.stringMatching(/^sha256:/),
      health: "healthy",
      run: "1",
    });
    expect(Object.keys(targets[0] ?? {}).filter((key) => key !== "url")).toEqual([
      "service",
      "environment",
      "commit",
      "artifact",
      "health",
      "since",
      "run",
    ]);
  });

  test("a dirty tree is warned of on stderr: the commit is what is deployed", async () => {
    shop.write("version", "not committed\n");
    const ended = await shop.sluice(["plan", "--all", "--json"]);
    expect(ended.exit).toBe(0);
    expect(ended.err).toMatch(/^warning: .*work tree/);
    expect(jsonOf<{ release: { commit: string } }>(ended).release.commit).toBe(first);
    shop.git("checkout", "--", "version");
  });

  test("what was deployed is skipped where it is live", async () => {
    const ended = await shop.sluice(["deploy", "--all", "--env", "devnet", "--json"]);
    expect(ended.exit).toBe(0);
    const run = jsonOf<Run>(ended);
    expect(run.steps.filter(({ id }) => id.startsWith("deploy:")).map(({ status }) => status)).toEqual(["skipped", "skipped"]);
  });

  test("deploy asks on a terminal, and shows what is asked about", async () => {
    shop.write("version", "two\n");
    second = shop.commit("second");
    const no = await shop.sluice(["deploy", "--all"], { answers: [false] });
    expect(no).toMatchObject({ exit: 1, asked: ["Deploy this?"] });
    expect(no.out).toContain("mainnet: 2 services (api, web), behind a gate");
    expect(jsonOf<{ commit: string }[]>(await shop.sluice(["runs", "--json"])).some(({ commit }) => commit === second)).toBe(false);
  });

  test("reject ends the members behind the gate, and the run as cancelled, with exit 1", async () => {
    const deployed = jsonOf<Run>(await shop.sluice(["deploy", "--all", "--json"]));
    expect(await shop.sluice(["reject", second, "--env", "mainnet", "--reason", "not on a Friday"])).toMatchObject({ exit: 0 });
    const run = jsonOf<Run>(await shop.sluice(["run", "show", deployed.id, "--json"]));
    expect(run.status).toBe("cancelled");
    expect((await shop.sluice(["run", "watch", deployed.id])).exit).toBe(1);
    expect((await shop.sluice(["run", "show", deployed.id])).out).toContain("not on a Friday");
  });

  test("a held environment lets no deploy start, and its deploy stops for a person; unheld, it goes on", async () => {
    expect(await shop.sluice(["hold", "mainnet", "--reason", "incident 42"])).toMatchObject({ exit: 0 });
    expect((await shop.sluice(["status"])).out).toContain("mainnet is held by");
    const { exit, out } = await shop.sluice(["deploy", "--all", "--json"]);
    expect(exit).toBe(3);
    const { id } = JSON.parse(out) as Run;
    await shop.sluice(["approve", second, "--env", "mainnet"]);
    expect(await live("mainnet")).toEqual({ api: first, web: first });
    expect(await shop.sluice(["unhold", "mainnet"])).toMatchObject({ exit: 0 });
    const watched = await shop.sluice(["run", "watch", id, "--json"]);
    if (watched.exit === 3) await shop.sluice(["approve", second, "--env", "mainnet"]);
    expect(await live("mainnet")).toEqual({ api: second, web: second });
  });

  test("rollback shows the way before it asks, touches nothing without consent, then goes back", async () => {
    const dry = await shop.sluice(["rollback", "--all", "--env", "mainnet", "--dry-run"]);
    expect(dry.exit).toBe(0);
    expect(dry.out).toMatch(new RegExp(`^api@mainnet +${second.slice(0, 9)} +${first.slice(0, 9)} `, "m"));
    expect(await shop.sluice(["rollback", "--all", "--env", "mainnet", "--reason", "x"], { answers: [false] })).toMatchObject({
      exit: 1,
      asked: ["Roll back 2 services in mainnet?"],
    });
    expect(await live("mainnet")).toEqual({ api: second, web: second });

    const ended = await shop.sluice(["rollback", "--all", "--env", "mainnet", "--reason", "checkout fails", "--json"]);
    expect(ended.exit).toBe(0);
    expect(jsonOf<Run>(ended)).toMatchObject({ kind: "rollback", status: "succeeded", commit: first });
    expect(ended.err).toContain("sluice unhold mainnet");
    expect(await live("mainnet")).toEqual({ api: first, web: first });
    expect((await shop.sluice(["unhold", "mainnet", "--json"])).exit).toBe(0);
  });

  test("a failed step is told with what its command said last, and what it blocks; exit 1; retry starts a new run", async () => {
    shop.write("broken-api", "");
    const broken = shop.commit("broken");
    const ended = await shop.sluice(["deploy", "--all", "--env", "devnet"]);
    expect(ended.exit).toBe(1);
    expect(ended.out).toMatch(/deploy:api@devnet failed: /);
    // the command's own words tell it, so that the log needs not
    const why = "deploy:api@devnet failed: `./deploy.sh` ended with exit code 3:\n      brings api to devnet\n      it does not start\n";
    expect(ended.out).toContain(`  ${why}`);
    expect(ended.out).not.toContain("    | ");
    const [failed] = jsonOf<{ id: string }[]>(await shop.sluice(["runs", "--json", "--limit", "1"]));
    expect((await shop.sluice(["run", "show", failed?.id ?? ""])).out).toContain(why);
    expect(ended.out).toMatch(/deploy:web@devnet blocked: .*api@devnet/);
    expect((await live("devnet"))["web"]).toBe(second);
    const [run] = jsonOf<{ id: string; status: string; commit: string }[]>(await shop.sluice(["runs", "--json", "--limit", "1"]));
    expect(run).toMatchObject({ status: "failed", commit: broken });

    const logs = await shop.sluice(["run", "logs", run?.id ?? "", "deploy:api@devnet"]);
    expect(logs.out).toContain("brings api to devnet");
    expect((await shop.sluice(["run", "logs", run?.id ?? "", "deploy:nosuch@devnet"])).exit).toBe(2);
    const asJson = jsonOf<{ step: string; attempt: string; text: string }[]>(await shop.sluice(["run", "logs", run?.id ?? "", "--json"]));
    expect(asJson.find(({ step }) => step === "deploy:api@devnet")?.text).toContain("it does not start");

    const again = await shop.sluice(["run", "retry", run?.id ?? "", "--json"]);
    expect(again.exit).toBe(1);
    expect(jsonOf<Run>(again)).toMatchObject({ status: "failed", commit: broken });
    expect(jsonOf<Run>(again).id).not.toBe(run?.id);
    shop.git("rm", "--quiet", "broken-api");
    shop.commit("mended");
  });

  test("runs follow all pages, the newest first", async () => {
    const all = jsonOf<{ id: string }[]>(await shop.sluice(["runs", "--json", "--limit", "1000"]));
    expect(all.length).toBeGreaterThan(4);
    expect(all.map(({ id }) => Number(id))).toEqual(all.map(({ id }) => Number(id)).toSorted((a, b) => b - a));
    const two = jsonOf<{ id: string }[]>(await shop.sluice(["runs", "--json", "--limit", "2"]));
    expect(two).toEqual(all.slice(0, 2));
    const cancelled = jsonOf<{ status: string }[]>(await shop.sluice(["runs", "--json", "--status", "cancelled"]));
    expect(cancelled.map(({ status }) => status)).toEqual(["cancelled"]);
  });

  test("cancel ends an open run without another start", async () => {
    const waiting = jsonOf<Run>(await shop.sluice(["deploy", "--all", "--json"]));
    expect(waiting.status).toBe("waiting");
    const ended = await shop.sluice(["run", "cancel", waiting.id, "--reason", "second thoughts", "--json"]);
    expect(ended.exit).toBe(0);
    expect(jsonOf<Run>(ended).status).toBe("cancelled");
    expect((await shop.sluice(["run", "cancel", waiting.id])).exit).toBe(1);
  });

  test("doctor finds nothing wrong", async () => {
    const checks = jsonOf<{ name: string; status: string }[]>(await shop.sluice(["doctor", "--json"]));
    expect(checks.filter(({ status }) => status === "problem")).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      "node",
      "git",
      "project",
      "sluice.yaml",
      "repository",
      "policy",
      "store",
      "clock",
      "port",
      "disk",
      "bundle",
      "command",
    ]);
    expect(checks.slice(-2)).toEqual([
      { name: "bundle", status: "ok", message: "1 artifact, with nothing to examine" },
      { name: "command", status: "ok", message: "2 targets, with nothing to examine", environments: ["devnet", "mainnet"] },
    ]);
  });

  test("doctor looks at one environment where one is named, and knows no other than policy's", async () => {
    const checks = jsonOf<{ environments?: string[] }[]>(await shop.sluice(["doctor", "--env", "mainnet", "--json"]));
    expect(checks.flatMap(({ environments }) => environments ?? [])).toEqual(["mainnet"]);
    expect(await shop.sluice(["doctor", "--env", "nowhere"])).toMatchObject({
      exit: 2,
      out: "",
      err: "error: No environment nowhere in the policy\nhint: Known: devnet, mainnet\n",
    });
  });
});
