import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jsonOf, Place, Shop } from "../unit/cli/rig.ts";
import { Program } from "./cli-rig.ts";

let place: Place;
let shop: Shop;
let programs: Program[];
const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Program => {
  const program = new Program(args, { cwd: shop.root, env: { ...place.env, ...env } });
  programs.push(program);
  return program;
};

beforeEach(() => {
  place = new Place();
  shop = new Shop(place);
  programs = [];
});
afterEach(async () => {
  for (const program of programs) if (program.child.exitCode === null) await program.signal("SIGKILL");
  releaseDeploys();
  place.remove();
});

/** Deploys hang from now on, until they are released. */
const holdDeploys = (): void => void execFileSync("mkfifo", [join(shop.live, "pipe")]);
function releaseDeploys(): void {
  const pipe = join(shop.live, "pipe");
  if (!existsSync(pipe)) return;
  // Read and write at once: opens without waiting for a reader, and ends every reader when it is closed.
  const descriptor = openSync(pipe, "r+");
  rmSync(pipe);
  closeSync(descriptor);
}
const runs = async () => jsonOf<{ id: string; status: string }[]>(await shop.sluice(["runs", "--json"]));
type Run = { status: string; steps: { id: string; attempts: { id: string; outcome: string | null }[] }[] };

describe("serve", () => {
  test("says where it listens; a CLI of the same user needs no more than that; SIGTERM stops it and leaves nothing behind", async () => {
    const server = start(["serve", "--port", "0"]);
    const [, url = ""] = await server.printed(/^SLUICE_URL=(http:\/\/127\.0\.0\.1:\d+)$/m);
    const elsewhere = { cwd: place.directory("elsewhere"), env: { SLUICE_URL: url } };
    const admitted = await place.sluice(["deploy", "--all", "--env", "devnet", "--no-wait", "--json"], elsewhere);
    expect(admitted.exit).toBe(0);
    expect(jsonOf<Run & { id: string }>(admitted)).toMatchObject({ id: "1", kind: "deploy" });
    expect((await place.sluice(["run", "watch", "1"], elsewhere)).exit).toBe(0);
    // From within the project it is found without the address.
    expect(jsonOf<{ run: string }[]>(await shop.sluice(["status", "--json", "--env", "devnet"])).map(({ run }) => run)).toEqual(["1", "1"]);
    expect(await server.signal("SIGTERM")).toBe(0);
    expect(existsSync(join(shop.root, ".sluice", "owner.json"))).toBe(false);
    expect((await place.sluice(["status"], elsewhere)).exit).toBe(5);
  });

  test("Ctrl-C while following says that the run goes on, and it does", async () => {
    const server = start(["serve", "--port", "0"]);
    const [, url = ""] = await server.printed(/^SLUICE_URL=(.*)$/m);
    holdDeploys();
    const deploy = start(["deploy", "--all", "--env", "devnet"], { SLUICE_URL: url });
    await deploy.printed(/deploy:api@devnet running/);
    expect(await deploy.signal("SIGINT")).toBe(130);
    expect(deploy.err).toContain("Run 1 goes on without this command");
    releaseDeploys();
    expect((await shop.sluice(["run", "watch", "1"])).exit).toBe(0);
  });

  test("logs are followed while they are written", async () => {
    const server = start(["serve", "--port", "0"]);
    await server.printed(/^SLUICE_URL=/m);
    holdDeploys();
    expect((await shop.sluice(["deploy", "--all", "--env", "devnet", "--no-wait"])).exit).toBe(0);
    const logs = start(["run", "logs", "1", "--follow"]);
    await logs.printed(/^deploy:api@devnet \| brings api to devnet$/m);
    expect(logs.child.exitCode).toBe(null);
    releaseDeploys();
    expect(await logs.exit()).toBe(0);
    expect(logs.out).toMatch(/^deploy:web@devnet \| brings web to devnet$/m);
  });

  test("a second one says where the first listens; a port in use is an error only where it was asked for", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const refused = start(["serve", "--port", String(port)]);
    expect(await refused.exit()).toBe(1);
    expect(refused.err).toMatch(new RegExp(`^error: Port ${port} .*in use\\nhint: `));

    const first = start(["serve"]);
    const [, url = ""] = await first.printed(/^SLUICE_URL=(.*)$/m);
    const second = start(["serve"]);
    expect(await second.exit()).toBe(1);
    expect(second.err).toContain(`SLUICE_URL=${url}`);

    const other = new Shop(place, "other");
    const beside = new Program(["serve"], { cwd: other.root, env: place.env });
    programs.push(beside);
    const [, otherUrl = ""] = await beside.printed(/^SLUICE_URL=(.*)$/m);
    expect(otherUrl).not.toBe(url);
    taken.close();
  });

  test("listens elsewhere than on this machine only with a token; then without it nothing is said", async () => {
    const refused = start(["serve", "--host", "0.0.0.0", "--port", "0"]);
    expect(await refused.exit()).toBe(2);
    expect(refused.err).toMatch(/^error: Refused to listen on 0\.0\.0\.0 without a token.*\nhint: .*SLUICE_TOKEN/);

    const server = start(["serve", "--host", "0.0.0.0", "--port", "0"], { SLUICE_TOKEN: "ana:s3cret" });
    const [, url = ""] = await server.printed(/^SLUICE_URL=(.*)$/m);
    const stranger = {
      cwd: place.directory("stranger"),
      env: { SLUICE_URL: url, XDG_STATE_HOME: place.directory("stranger-state"), SLUICE_TOKEN: "wrong" },
    };
    expect((await place.sluice(["status"], stranger)).exit).toBe(4);
    const ana = { ...stranger, env: { ...stranger.env, SLUICE_TOKEN: "s3cret" } };
    expect((await place.sluice(["hold", "devnet", "--reason", "x"], ana)).exit).toBe(0);
    expect((await place.sluice(["status"], ana)).out).toContain("held by ana");
  });
});

describe("without a server", () => {
  test("Ctrl-C stops at once and says how to go on; what runs is adopted, not repeated", async () => {
    holdDeploys();
    const deploy = start(["deploy", "--all", "--env", "devnet"]);
    await deploy.printed(/deploy:api@devnet running/);
    expect(await deploy.signal("SIGINT")).toBe(130);
    expect(deploy.err).toContain("Run 1 stops here and goes on with: sluice run watch 1");
    expect(await runs()).toMatchObject([{ id: "1", status: "running" }]);
    releaseDeploys();
    const watched = await shop.sluice(["run", "watch", "1", "--json"]);
    expect(watched.exit).toBe(0);
    const step = jsonOf<Run>(watched).steps.find(({ id }) => id === "deploy:api@devnet");
    expect(step?.attempts).toMatchObject([{ outcome: "succeeded" }]);
  });

  test("a second command goes through the first; when that is killed, the second takes over and ends what both wanted", async () => {
    holdDeploys();
    const first = start(["deploy", "--all", "--env", "devnet"]);
    await first.printed(/deploy:api@devnet running/);
    const { url } = JSON.parse(readFileSync(join(shop.root, ".sluice", "owner.json"), "utf8")) as { url: string };
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await shop.sluice(["deploy", "--all", "--no-wait"])).exit).toBe(5);
    const second = start(["run", "watch", "1"]);
    await second.printed(/deploy:api@devnet running/);
    expect((await first.signal("SIGKILL")) ?? 137).toBe(137);
    releaseDeploys();
    expect(await second.exit()).toBe(0);
    expect(second.out).toContain("run 1 (deploy");
    expect(await runs()).toMatchObject([{ id: "1", status: "succeeded" }]);
  });

  test("many at once: one has the store, all are answered", async () => {
    const all = Array.from({ length: 4 }, (_, index) => start(["hold", "devnet", "--reason", `number ${index}`, "--json"]));
    const ends = await Promise.all(all.map(async (program) => ({ exit: await program.exit(), err: program.err })));
    expect(ends).toEqual(all.map(() => ({ exit: 0, err: "" })));
  });

  test("whoever reads along may stop reading", () => {
    const text = execFileSync(
      "sh",
      ["-c", `"$0" "$1" plan --all | head -1`, process.execPath, join(import.meta.dirname, "../../bin/sluice.js")],
      {
        cwd: shop.root,
        env: { ...process.env, ...place.env, NO_COLOR: "1" },
        encoding: "utf8",
      },
    );
    expect(text).toMatch(/^deploy /);
  });
});
