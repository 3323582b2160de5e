import { afterAll, expect, test } from "vitest";
import { githubGates } from "../../../src/app/github/gates.ts";
import { accessFrom } from "../../../src/github/api/access.ts";
import { githubForge } from "../../../src/github/api/forge.ts";
import { recordsOf } from "../../../src/github/records/read.ts";
import { placeStop } from "../../../src/github/records/stops.ts";
import { Github } from "../../rig/github/github.ts";
import { jsonOf, Place } from "../cli/rig.ts";

const place = new Place();
afterAll(() => place.remove());

test("a hold is shown, asked about and lifted by the person whose token it is; what GitHub sets to inactive by itself lifts nothing", async () => {
  const github = await Github.start();
  const shop = github.repository("team/shop");
  const client = { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000 };
  const forge = githubForge(accessFrom(github.env(github.installation(), "team/shop")), client);
  const hold = {
    kind: "hold",
    environment: "dev",
    by: "ana",
    reason: "it is bad",
    run: "1/1",
    rollback: null,
    commit: "1".repeat(40),
    production: false,
  } as const;
  await placeStop(forge, hold);
  // a job of the environment that ends well, as GitHub records it
  const own = shop.deploy({ ref: "1".repeat(40), environment: "dev" }, "github-actions[bot]");
  shop.deployments
    .at(-1)
    ?.statuses.unshift({ id: 1, state: "inactive", description: "", logUrl: "", url: "", creator: "github", at: own.at });

  const { GITHUB_TOKEN: token = "", ...where } = github.env(github.person("ben"), "team/shop");
  const env = { ...place.env, ...where, GH_TOKEN: token };
  const interrupted = new AbortController().signal;
  const context = {
    github: (request: Parameters<typeof githubGates>[0]) => githubGates(request, { env, interrupted, note: () => {}, client }),
  };
  const unhold = (...args: readonly string[]) => place.sluice(["github", "unhold", "--env", "dev", ...args], { env, context });
  const refused = await place.sluice(["github", "unhold", "--env", "dev"], { env, context, answers: [false] });
  expect(refused).toMatchObject({ exit: 1, asked: ["Let deploys start in dev again?"] });
  expect(refused.out).toContain("dev is held by ana");
  const ended = await unhold("--json");
  expect([ended.exit, jsonOf(ended)]).toEqual([
    0,
    { environment: "dev", lifted: [expect.objectContaining({ kind: "hold", on: "dev", by: "ana", reason: "it is bad" }) as object] },
  ]);
  expect(recordsOf(await forge.deployments({ environment: "dev" }))).toMatchObject([{ kind: "hold", lifted: true }]);
  expect(shop.deployments.at(-1)?.statuses[0]).toMatchObject({ state: "inactive", description: "lifted by ben" });
  expect(await unhold()).toMatchObject({ exit: 0, err: expect.stringContaining("Nothing holds dev") as string });
  await github.close();
});
