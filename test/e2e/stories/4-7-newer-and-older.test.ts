import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { answer, Harbor, inWords, short } from "./rig.ts";

/** Stories 4 and 7: what a newer release, an older one, and a branch with a policy of its own can and cannot do. */
const POLICY = `
teams: { release: [cy, zoe] }
environments:
  devnet: { allow: { drivers: [process] } }
  canary: { superseding: queue, approval: { approvers: [zoe] } }
  mainnet: { needs: [devnet], approval: { approvers: ["team:release"], count: 2 } }
`;
const RELEASED = { services: ["auth"], environments: ["devnet", "mainnet"] };

let harbor: Harbor;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY);
});
afterEach(() => harbor.calm());
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

/** Both persons who must agree do, through the command line. */
async function approveBoth(commit: string): Promise<void> {
  await harbor.says("cy", "approve", short(commit), "--env", "mainnet", "--yes");
  await harbor.says("zoe", "approve", short(commit), "--env", "mainnet", "--yes");
}

describe("newer and older releases", () => {
  let first: string;
  let second: string;
  let third: string;
  let superseded: string;

  test("a merge that is still on its way takes nothing from the one that waits at the gate", async () => {
    first = harbor.change("auth");
    const older = await harbor.deploy("ana", first, RELEASED);
    await harbor.atGate(older, "mainnet");
    second = harbor.change("auth");
    harbor.hang("auth@devnet");
    superseded = await harbor.deploy("ana", second, RELEASED);
    await harbor.reached(superseded, "deploy:auth@devnet", "running");
    await approveBoth(first);
    await harbor.succeeded(older);
    expect(await harbor.serves("mainnet")).toEqual({ auth: first });
    harbor.release("auth@devnet");
    await harbor.atGate(superseded, "mainnet");
  });

  test("a merge that reaches the gate supersedes the one that waits there, which everybody sees, and its approvals die with it", async () => {
    await harbor.approve("zoe", second, "mainnet");
    third = harbor.change("auth");
    const newer = await harbor.deploy("ben", third, RELEASED);
    const { reason } = await harbor.reached(superseded, "deploy:auth@mainnet", "superseded");
    expect(reason?.message).toBe(`superseded by ${short(third)}, run ${newer}`);
    expect((await harbor.ended(superseded)).status).toBe("superseded");
    await harbor.atGate(newer, "mainnet");
    expect((await harbor.approvals()).map(({ run }) => run)).toEqual([newer]);
    expect(await harbor.says("cy", "runs")).toMatch(new RegExp(`^${superseded} .*superseded`, "m"));

    // asked for again it is superseded on arrival: what zoe said of it before counts no more
    const again = await harbor.ended(await harbor.deploy("ana", second, RELEASED));
    expect(again.status).toBe("superseded");
    expect(again.steps.find(({ id }) => id === "deploy:auth@mainnet")?.reason?.message).toBe(`superseded by ${short(third)}, run ${newer}`);

    await approveBoth(third);
    await harbor.succeeded(newer);
    expect(await harbor.serves("mainnet")).toEqual({ auth: third });
    expect(harbor.starts(second)["auth@mainnet"]).toBeUndefined();
  });

  test("an approval of what was superseded a moment ago is refused, and says by what", async () => {
    const late = await harbor.sluice("cy", "approve", second, "--env", "mainnet", "--yes");
    expect(late.exit).toBe(1);
    expect(late.err).toMatch(new RegExp(`superseded there by .*${short(third)}`));
  });

  test("an older commit never comes over a newer one, neither by a new run nor by running an old one again", async () => {
    const started = harbor.starts(second);
    const told = await harbor.says("ana", "deploy", "auth", "--env", "devnet,mainnet", "--commit", first, "--yes");
    expect(told).toContain(`newer is live: ${short(third)}`);
    expect(told).toContain(`sluice rollback auth --env mainnet --to ${first}`);
    await harbor.says("ana", "run", "retry", superseded, "--yes");
    expect(harbor.starts(second)).toEqual(started);
    for (const environment of ["devnet", "mainnet"]) expect(await harbor.serves(environment)).toEqual({ auth: third });
  });

  test("where the policy says queue, both go, one after the other", async () => {
    const [older, newer] = [harbor.change("auth"), harbor.change("auth")];
    const canary = { services: ["auth"], environments: ["canary"] };
    const runs = [await harbor.deploy("ana", older, canary)];
    await harbor.atGate(runs[0] ?? "", "canary");
    runs.push(await harbor.deploy("ben", newer, canary));
    await harbor.atGate(runs[1] ?? "", "canary");
    expect((await harbor.approvals()).map(({ run }) => run)).toEqual(runs);
    for (const commit of [older, newer]) await harbor.approve("zoe", commit, "canary");
    for (const run of runs) await harbor.succeeded(run);
    const { items } = await answer(harbor.api("ana").GET("/api/v1/ledger", { params: { query: { target: "auth@canary" } } }));
    expect(items.map(({ commit }) => commit)).toEqual([newer, older]);
    expect(await harbor.serves("canary")).toEqual({ auth: newer });
  });
});

describe("a branch with a policy of its own", () => {
  afterEach(() => harbor.git("checkout", "--quiet", "main"));

  test("that asks for fewer approvers, others, or none, is deployed as main's policy says, and warned", async () => {
    harbor.git("checkout", "--quiet", "-b", "lenient");
    harbor.edit("our own rules", (file) =>
      file
        .replace("teams: { release: [cy, zoe] }", "teams: { release: [ana, ben] }")
        .replace("  canary: { superseding: queue, approval: { approvers: [zoe] } }", "  canary: {}")
        .replace(`approval: { approvers: ["team:release"], count: 2 }`, `approval: { approvers: ["team:release"], self: true }`),
    );
    const commit = harbor.change("auth");
    const planned = await harbor.sluice("ana", "plan", "auth", "--commit", "lenient");
    expect(planned.exit).toBe(0);
    for (const what of ["teams.release", "environments.canary.approval", "environments.mainnet.approval"])
      expect(planned.err).toMatch(new RegExp(`this commit edits ${what}; policy is read from .*main.*, so it changes nothing here`));

    const run = await harbor.deploy("ana", commit, { services: ["auth"] });
    await harbor.atGate(run, "mainnet");
    await harbor.atGate(run, "canary");
    const [canary, mainnet] = (await harbor.approvals()).toSorted((a, b) => a.environment.localeCompare(b.environment));
    expect([canary?.approvers, mainnet?.approvers, mainnet?.count]).toEqual([["zoe"], ["cy", "zoe"], 2]);
    const refused = await harbor.sluice("ben", "approve", commit, "--env", "mainnet", "--yes");
    expect(refused.exit).toBe(4);
    expect(refused.err).toMatch(/ben may not decide for mainnet[^]*who may: cy, zoe/);
    await harbor.approve("zoe", commit, "mainnet");
    expect((await harbor.step(run, "deploy:auth@mainnet")).status).toBe("waiting");
    await harbor.says("ana", "run", "cancel", run, "--yes");
    expect(inWords(await harbor.reached(run, "deploy:auth@mainnet", "cancelled"))).toContain("cancelled by ana");
    expect((await harbor.serves("mainnet"))["auth"]).not.toBe(commit);
  });

  test("that would reach another place than policy allows is refused before anything starts", async () => {
    harbor.git("checkout", "--quiet", "-b", "elsewhere", "main");
    const commit = harbor.edit("auth by a program of our own", (file) =>
      file.replace(/(  auth:\n[^]*?)deploy: .*\n/, "$1deploy: { command: { apply: [./deploy.sh], observe: [./deploy.sh] } }\n"),
    );
    const refused = await harbor.sluice("ana", "deploy", "auth", "--commit", commit, "--yes");
    expect(refused.exit).not.toBe(0);
    expect(refused.err).toMatch(/auth@devnet.* would use the driver .*command/);
    expect(harbor.starts(commit)).toEqual({});
  });
});
