import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { jsonOf, Place } from "../unit/cli/rig.ts";
import { Program } from "./cli-rig.ts";

type Target = { service: string; environment: string; commit: string; url: string };
type Version = { service: string; environment: string; commit: string; backends: Record<string, string> };
type Run = { id: string; kind: string; status: string; commit: string };

const place = new Place();
const demoDirectory = place.directory("demo");
const env = { ...place.env, SLUICE_DEMO_DIR: demoDirectory };
const programs: Program[] = [];
const demo = (...args: string[]): Program => {
  const program = new Program(["demo", "--port", "0", ...args], { cwd: place.root, env });
  programs.push(program);
  return program;
};
/** In another terminal: neither in the project nor with an address. */
const sluice = (args: readonly string[]) => place.sluice(args, { env: { SLUICE_DEMO_DIR: demoDirectory } });
const targets = async (): Promise<readonly Target[]> => jsonOf<Target[]>(await sluice(["status", "--json"]));
const runs = async (): Promise<readonly Run[]> => jsonOf<Run[]>(await sluice(["runs", "--json"]));
const commitOf = (name: string): string =>
  execFileSync("git", ["rev-parse", `${name}^{commit}`], { cwd: join(demoDirectory, "harbor"), encoding: "utf8" }).trim();

async function versionOf(service: string, environment: string): Promise<Version> {
  const target = (await targets()).find((one) => one.service === service && one.environment === environment);
  const answer = await fetch(`${target?.url}/version`);
  return (await answer.json()) as Version;
}

/** Processes of this host that the demo has started: named after its directory, or at work in it. */
function leftovers(): readonly string[] {
  if (process.platform !== "linux")
    return execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(demoDirectory));
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return (
        readlinkSync(`/proc/${pid}/cwd`).startsWith(demoDirectory) || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(demoDirectory)
      );
    } catch {
      return false;
    }
  });
}

afterAll(async () => {
  for (const program of programs) if (program.child.exitCode === null && program.child.signalCode === null) await program.signal("SIGINT");
  place.remove();
});

test(
  "the first thing that a newcomer runs: deployed, approved by the command that it says, rolled back, stopped, taken up again",
  { timeout: 240_000 },
  async () => {
    const begun = performance.now();
    const first = demo();
    const [, url = ""] = await first.printed(/^SLUICE_URL=(http:\/\/127\.0\.0\.1:\d+)$/m);
    const [, command = ""] = await first.printed(/^ {2}npx (sluice approve \w+ --env mainnet)$/m);
    expect(performance.now() - begun).toBeLessThan(60_000);
    const [v1, v4] = [commitOf("v1"), commitOf("main")];
    const live = await targets();
    expect(new Set(live.filter(({ environment }) => environment === "mainnet").map(({ commit }) => commit))).toEqual(new Set([v1]));
    expect(new Set(live.filter(({ environment }) => environment !== "mainnet").map(({ commit }) => commit))).toEqual(new Set([v4]));

    expect(await sluice(command.split(" ").slice(1))).toMatchObject({ exit: 0 });
    expect((await sluice(["run", "watch", "2"])).exit).toBe(0);
    const web = await versionOf("web", "mainnet");
    expect(web).toMatchObject({ service: "web", environment: "mainnet", commit: v4 });
    expect(new Set(Object.values(web.backends))).toEqual(new Set([v4]));

    const back = await sluice(["rollback", "--all", "--env", "mainnet", "--reason", "it was a try"]);
    expect(back.exit).toBe(0);
    expect(back.out.indexOf("deploy:web@mainnet succeeded")).toBeLessThan(back.out.indexOf("deploy:auth@mainnet running"));
    expect(new Set(Object.values((await versionOf("web", "mainnet")).backends))).toEqual(new Set([v1]));

    const second = demo();
    expect(await second.exit()).toBe(1);
    expect(second.err).toContain(`SLUICE_URL=${url}`);

    const before = await runs();
    await first.signal("SIGKILL");
    expect((await sluice(["status"])).exit).toBe(5);
    const third = demo();
    await third.printed(/^Then try/m);
    expect(await runs()).toEqual(before);
    expect((await versionOf("admin", "mainnet")).commit).toBe(v1);

    expect(await third.signal("SIGINT")).toBe(0);
    await expect.poll(leftovers, { timeout: 10_000 }).toEqual([]);
    const fourth = demo();
    await fourth.printed(/^Then try/m);
    expect((await versionOf("web", "devnet")).commit).toBe(v4);
    expect(await fourth.signal("SIGINT")).toBe(0);
  },
);

test("stopped in its midst, it goes on where it was; --reset starts anew", { timeout: 240_000 }, async () => {
  const fresh = demo("--reset");
  await fresh.printed(/deploy:api@devnet running/);
  await fresh.signal("SIGKILL");
  const again = demo();
  await again.printed(/^ {2}npx sluice approve \w+ --env mainnet$/m);
  const [v1, v4] = [commitOf("v1"), commitOf("main")];
  expect((await runs()).map(({ id, kind, status, commit }) => ({ id, kind, status, commit }))).toEqual([
    { id: "2", kind: "deploy", status: "waiting", commit: v4 },
    { id: "1", kind: "deploy", status: "succeeded", commit: v1 },
  ]);
  expect(await again.signal("SIGINT")).toBe(0);
  await expect.poll(leftovers, { timeout: 10_000 }).toEqual([]);
});
