import { afterAll, describe, expect, test } from "vitest";
import { connect } from "../../../src/app/connect.ts";
import { jsonOf, Place } from "./rig.ts";
import { Team } from "./team.ts";

const place = new Place();
afterAll(() => place.remove());

const TWO_OF_THREE = "approval: { approvers: [ana, ben, cai], count: 2, self: false, expires: 24h }";
const ONE = "approval: { count: 1, self: true }";
const APPROVE = ["--env", "mainnet", "--yes"];

test("the answer to approve says of each member who has approved, who has started and who still lacks whom", async () => {
  const team = await Team.open(place, "members", TWO_OF_THREE);
  const commit = team.shop.head;
  const run = await team.deploy("uma", "--all");
  const first = await team.as("ana", ["approve", "HEAD", ...APPROVE]);
  // HEAD is another commit tomorrow
  expect(first.out).toContain(`${commit.slice(0, 9)} approved in mainnet: 2 members`);
  expect(first.out).toContain("api@mainnet, web@mainnet: approved by 1 of 2 (ana): 1 more must approve");

  const second = await team.as("ben", ["approve", commit, ...APPROVE, "--only", "api"]);
  expect(second.out).toMatch(/^api@mainnet: approved by 2 of 2 \(ana, ben\), started$/m);
  expect(second.out).toMatch(/^web@mainnet: approved by 1 of 2 \(ana\): 1 more must approve$/m);
  const third = jsonOf<{ commit: string; members: { target: string; approved: string[]; open: boolean }[] }>(
    await team.as("cai", ["approve", "HEAD", ...APPROVE, "--json"]),
  );
  expect(third.commit).toBe(commit);
  expect(third.members).toMatchObject([{ target: "web@mainnet", approved: ["ana", "cai"], count: 2, open: true }]);
  expect(await team.ended(run)).toBe("succeeded");
});

test("what was listed is what is decided on, also where nobody is asked", async () => {
  const team = await Team.open(place, "bound", ONE);
  const commit = team.shop.head;
  const api = await team.deploy("uma", "api");
  let asked = false;
  // the list has been printed, and the decision is not recorded yet
  const onOutput = (text: string): void => void (asked ||= text.includes("api@mainnet"));
  const ended = await team.as("ana", ["approve", commit, "--env", "mainnet"], {
    onOutput,
    context: {
      connect: async (request) => {
        const env = { ...place.env, SLUICE_URL: team.url, SLUICE_TOKEN: "secret-of-ana" };
        const connection = await connect(request, { env, interrupted: new AbortController().signal, note: () => {} });
        connection.client.use({
          onRequest: async ({ schemaPath }) => {
            // between the list and the decision another run reaches the gate
            if (schemaPath === "/api/v1/decisions") await team.deploy("uma", "web");
          },
        });
        return connection;
      },
    },
  });
  expect(asked).toBe(true);
  expect(ended).toMatchObject({ exit: 1, asked: [] });
  expect(ended.err).toContain("what waits has the fingerprint");
  expect(await team.statusOf(api, "deploy:api@mainnet")).toBe("waiting");
  for (const command of ["approve", "reject", "deploy", "rollback"])
    expect((await team.as("ana", [command, "--help"])).out).toContain("without a terminal nobody is asked");
});

test("what is held, locked or frozen is said before the question, after the answer and in the list", async () => {
  const team = await Team.open(place, "stops", ONE);
  const commit = team.shop.head;
  const run = await team.deploy("uma", "--all");
  await team.as("ben", ["hold", "mainnet", "--reason", "an audit", "--yes"]);
  await team.as("ben", ["lock", "web@mainnet", "--reason", "reindexes", "--yes"]);
  const held = "mainnet is held by ben: an audit (sluice unhold mainnet)";
  expect((await team.as("uma", ["approvals"])).out).toContain(held);
  const approved = await team.as("ana", ["approve", commit, ...APPROVE]);
  expect(approved.out).toContain(held);
  expect(approved.out).toContain("web@mainnet is locked by ben: reindexes (sluice unlock web@mainnet)");
  expect(approved.out).toMatch(/^api@mainnet, web@mainnet: waits for the hold on mainnet: an audit: sluice unhold mainnet$/m);
  const waits = (await team.as("uma", ["status", "--waiting"])).out;
  expect(waits).toMatch(/deploy:api@mainnet .* ben, or anyone who may +the hold on mainnet/);

  // what was approved and has not begun is not taken back by rejecting it
  const late = await team.as("cai", ["reject", commit, "--env", "mainnet", "--reason", "no", "--yes"]);
  expect(late).toMatchObject({ exit: 1 });
  expect(late.err).toContain(`sluice run cancel ${run}`);
});

test("who may not approve is not named as who ends the wait", async () => {
  const team = await Team.open(place, "authors", TWO_OF_THREE);
  await team.deploy("ana", "api");
  const [item] = jsonOf<{ approvers: string[] }[]>(await team.as("uma", ["approvals", "--json"]));
  expect(item?.approvers).toEqual(["ben", "cai"]);
  const gates = () => team.as("uma", ["status", "--waiting", "--json"]);
  expect(jsonOf<{ step: string; who: string[] }[]>(await gates()).find(({ step }) => step === "gate:mainnet")?.who).toEqual(["ben", "cai"]);
  // of another member another person is the author: each of the two may approve what is not theirs
  await team.deploy("ben", "web");
  const items = jsonOf<{ members: string[]; approvers: string[] }[]>(await team.as("uma", ["approvals", "--json"]));
  expect(items.map(({ members, approvers }) => [members, approvers])).toEqual([
    [["api@mainnet"], ["ben", "cai"]],
    [["web@mainnet"], ["ana", "cai"]],
  ]);
});

describe("what was typed wrongly is said in the words of the command", () => {
  test("nothing where a name belongs, and more than is kept", async () => {
    const team = await Team.open(place, "typed", ONE);
    for (const args of [
      ["lock", "", "--reason", "x"],
      ["approve", "", "--env", "mainnet"],
      ["deploy", "api", "--commit", ""],
      ["hold", "mainnet", "--reason", "x".repeat(2001)],
      ["approve", "main", "--env", "mainnet", "--emergency", "--reason", "x".repeat(2001)],
    ]) {
      const ended = await team.as("ana", args);
      expect(ended).toMatchObject({ exit: 2, out: "" });
      expect(ended.err).toMatch(/must not be empty|has 2001 characters, and may have 2000/);
    }
  });

  test("a service where it is not deployed is refused, with where it is", async () => {
    const extra = 'only: { tier: backend, environments: [devnet], deploy: { command: { apply: ["true"] } } }';
    const team = await Team.open(place, "nowhere", ONE, `  ${extra}\n`);
    const ended = await team.as("ana", ["lock", "only@mainnet", "--reason", "x", "--yes"]);
    expect(ended).toMatchObject({ exit: 2 });
    expect(ended.err).toMatch(/only is not deployed in mainnet[^]*where it is: devnet/);
    expect(await team.as("ana", ["lock", "only@devnet", "--reason", "x", "--yes"])).toMatchObject({ exit: 0 });
  });
});
