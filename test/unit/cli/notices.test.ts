import { afterAll, expect, test } from "vitest";
import { jsonOf, Place } from "./rig.ts";
import { Team } from "./team.ts";

const place = new Place();
afterAll(() => place.remove());

const ONE = "approval: { count: 1, self: true }";

async function everywhere(name: string): Promise<Team> {
  const team = await Team.open(place, name, ONE);
  const run = await team.deploy("uma", "--all");
  await team.as("ana", ["approve", team.shop.head, "--env", "mainnet", "--yes"]);
  expect(await team.ended(run)).toBe("succeeded");
  return team;
}

test("a service that the release no longer has is said to go on running: by plan, deploy and at the gate", async () => {
  const team = await everywhere("orphans");
  const config = team.shop.git("show", "HEAD:sluice.yaml");
  team.shop.write("sluice.yaml", config.replace(/^ {2}web: .*$/m, ""));
  team.shop.commit("without web");
  const note = "web@mainnet is live, and no longer in sluice.yaml: it goes on running";
  expect((await team.as("uma", ["plan", "--all"])).out).toContain(`note: ${note}`);
  expect((await team.as("uma", ["deploy", "--all"])).out).toContain(note);
  const listed = (await team.as("uma", ["approvals"])).out;
  expect(listed).toContain(`note: ${note}`);
  expect(listed).not.toContain("web@devnet");
  expect((await team.as("ana", ["approve", "HEAD", "--env", "mainnet", "--yes"])).out).toContain(note);
});

test("what has diverged is known to the plan once it has been compared; what would be lost of a commit that is gone cannot be", async () => {
  const team = await everywhere("diverged");
  const { shop } = team;
  const live = shop.head;
  shop.git("checkout", "--quiet", "-B", "main", "HEAD~1");
  shop.write("sluice.yaml", shop.git("show", `${live}:sluice.yaml`));
  for (const file of ["api.txt", "web.txt"]) shop.write(file, "other\n");
  shop.commit("another history");
  expect(await team.ended(await team.deploy("uma", "--all"))).toBe("failed");
  const note = `mainnet: ${live.slice(0, 12)} is live on api, web and is no part of this commit's history`;
  expect((await team.as("uma", ["plan", "--all"])).out).toContain(note);

  const lost = `api@mainnet, web@mainnet: which commits would be lost cannot be known: the source no longer has ${live.slice(0, 9)}`;
  expect((await team.as("uma", ["diff", "--env", "mainnet"])).out).not.toContain("cannot be known");
  for (const ref of shop.git("for-each-ref", "--format=%(refname)", "refs/sluice").split("\n")) shop.git("update-ref", "-d", ref);
  shop.git("reflog", "expire", "--expire=now", "--all");
  shop.git("gc", "--quiet", "--prune=now");
  expect((await team.as("uma", ["diff", "--env", "mainnet"])).out).toContain(lost);
  const run = await team.as("uma", ["deploy", "--all", "--accept-diverged", "--reason", "rewritten"]);
  expect(run).toMatchObject({ exit: 3 });
  expect((await team.as("ana", ["approve", "HEAD", "--env", "mainnet", "--yes"])).out).toContain(lost);

  // back to what is gone: only where somebody says so
  const [waiting] = jsonOf<{ id: string }[]>(await team.as("uma", ["runs", "--json"]));
  expect(await team.ended(waiting?.id ?? "")).toBe("succeeded");
  const dryRun = ["rollback", "--all", "--env", "mainnet", "--dry-run"];
  const refused = await team.as("ana", dryRun);
  expect(refused).toMatchObject({ exit: 1 });
  expect(refused.out).toContain("--accept-unknown");
  const accepted = await team.as("ana", [...dryRun, "--accept-unknown"]);
  expect(accepted).toMatchObject({ exit: 0 });
  expect(accepted.out).toContain("note: api@mainnet goes back all the same: whether it can be taken back cannot be known");
  const json = jsonOf<{ notes: string[]; problems: object[] }>(await team.as("ana", [...dryRun, "--accept-unknown", "--json"]));
  expect(json).toMatchObject({ problems: [], notes: [expect.stringContaining("api@mainnet"), expect.stringContaining("web@mainnet")] });
});

test("of a commit from before policy has changed that is said once; of one that edits policy, what it edits", async () => {
  const team = await Team.open(place, "policy", ONE);
  const { shop } = team;
  const old = shop.head;
  const config = shop.git("show", "HEAD:sluice.yaml");
  shop.write(
    "sluice.yaml",
    config.replace("count: 1", "count: 2").replace("devnet: { order: any", "devnet: { order: any, needsTimeout: 2h"),
  );
  shop.commit("stricter");
  const before = (await team.as("uma", ["plan", "--all", "--commit", old])).err;
  expect(before).toBe("warning: policy has moved on since this commit: that of main counts\n");

  shop.git("checkout", "--quiet", "-b", "lax");
  shop.write("sluice.yaml", config.replace("self: true", "self: true, early: true"));
  shop.commit("laxer");
  const branch = (await team.as("uma", ["plan", "--all", "--commit", "lax"])).err;
  expect(branch).toContain("this commit edits environments.mainnet.approval; policy is read from main");
});

test("status of a service that nobody has deployed", async () => {
  const team = await Team.open(place, "status", ONE);
  const ended = await team.as("uma", ["status", "--service", "nope"]);
  expect(ended).toMatchObject({ exit: 2, out: "" });
  expect(ended.err).toContain("Nothing of a service nope has been deployed");
});
