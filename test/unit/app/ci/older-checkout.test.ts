import { join } from "node:path";
import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };

/** A checkout from before what is live was pushed. */
async function olderCheckout() {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file({ environments: "dev: {}" }) });
  const origin = join(flow.directory, "origin.git");
  const checkout = join(flow.directory, "older");
  flow.repo.git("clone", "--quiet", "--bare", flow.repo.directory, origin);
  flow.repo.git("clone", "--quiet", origin, checkout);
  const push = (commit: string, branch: string) => flow.repo.git("push", "--quiet", origin, `${commit}:refs/heads/${branch}`);
  return { flow, first, checkout, push };
}

test("what is live and newer than a job's checkout is fetched, and then known to be newer", async () => {
  const { flow, first, checkout, push } = await olderCheckout();
  const second = flow.commit({ "api/x": "2" });
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual(FINE);
  const late = () => flow.deploy("dev", ["api"], { checkout, commit: first });
  // it was not pushed: nobody can tell how the two stand to each other
  const refused = await late();
  expect(ends(refused)).toMatchObject({ exit: 1, said: expect.stringContaining("diverged") });
  expect(refused.out).toContain(`${second.slice(0, 12)} is not in this checkout and could not be fetched`);
  push(second, "main");
  const end = await late();
  expect([ends(end), end.summary]).toEqual([FINE, expect.stringContaining("left as it is")]);
  expect(flow.live("api@dev")).toBe(second);
  // a frontend of the older commit finds what it needs in it
  expect(ends(await flow.deploy("dev", ["web"], { checkout, commit: first }))).toEqual(FINE);
}, 60_000);

test("what is live, went another way and was fetched is refused, also on a branch that the checkout has never heard of", async () => {
  const { flow, first, checkout, push } = await olderCheckout();
  flow.repo.git("checkout", "-q", "-b", "side");
  const side = flow.repo.commit({ "api/x": "2" });
  push(side, "side");
  expect(ends(await flow.deploy("dev", ["api"], { commit: side }))).toEqual(FINE);
  flow.repo.git("checkout", "-q", "-B", "main", first);
  const other = flow.commit({ "api/x": "3" });
  push(other, "main");
  flow.repo.git("-C", checkout, "pull", "--quiet", "origin", "main");
  const end = await flow.deploy("dev", ["api"], { checkout, commit: other });
  expect(ends(end)).toMatchObject({ exit: 1, said: expect.stringContaining("diverged") });
  expect(end.out).not.toContain("could not be fetched");
  expect(flow.live("api@dev")).toBe(side);
}, 60_000);
