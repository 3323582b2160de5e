import { afterEach, expect, test } from "vitest";
import { Octokit } from "@octokit/core";
import { idempotencyKey } from "../../src/contract/client.ts";
import type { Envelope } from "../rig/github/hooks.ts";
import { OverHttp } from "../rig/github/over-http.ts";
import { until } from "../rig/wait.ts";

let world: OverHttp;
afterEach(() => world.close());

const pushed = (commit: string, by = "ana") => ({ commit, by, reason: "pushed to main" });
const started = () => world.runs();
const fetches = () => world.github.log.filter(({ path, by }) => path.includes("git-upload-pack") && by !== "nobody" && by !== "ana");

test("a push by git is deployed and told, and one approval of it lets GitHub's gate pass; an App's token that ends in between is replaced", async () => {
  world = await OverHttp.begin({ isApp: true });
  const { github, harbor } = world;
  harbor.environment("mainnet-approval", { apps: ["sluice"] });
  await world.serve();
  const commit = await world.push("ana", "second");
  await world.serves("api@devnet", commit);
  expect(await started()).toEqual([pushed(commit)]);
  const run = harbor.run({ commit, jobs: [{ name: "approve", environment: "mainnet-approval" }], startedBy: "ana" });
  await until(() => (harbor.deployments.some(({ environment }) => environment === "mainnet-approval") ? true : null), "the gate");
  const answer = await world.as("b").POST("/api/v1/decisions", {
    body: { commit, environment: "mainnet", verdict: "approved" },
    params: { header: { "idempotency-key": idempotencyKey() } },
  });
  expect(answer.error).toBeUndefined();
  await world.serves("api@mainnet", commit);
  expect(await until(() => run.conclusion, "the workflow run")).toBe("success");
  await until(() => (world.recorded("mainnet").length > 0 ? true : null), "the record");
  expect([world.recorded("devnet"), world.recorded("mainnet")]).toEqual([[`api ${commit}`], [`api ${commit}`]]);

  github.expireInstallations();
  const next = await world.push("ben", "third");
  await world.serves("api@devnet", next);
  expect((await started()).at(-1)).toEqual(pushed(next, "ben"));
  expect(new Set(fetches().map(({ by }) => by))).toEqual(new Set(["sluice"]));
  expect(world.said()).not.toContain("git fetch failed");
});

test("killed before it has answered, and killed before it has acted, it starts each push once, as who has pushed", async () => {
  world = await OverHttp.begin();
  const { github, harbor } = world;
  await world.serve();
  await world.server.kill("SIGKILL");
  const lost = await world.push("eve", "while it was away");
  await github.settled();
  const failed = harbor.hooks.deliveries[0];
  expect(failed?.outcome).toMatchObject({ status: "failed to connect to host" });
  await world.serve();
  await world.serves("api@devnet", lost);

  const before = fetches().length;
  github.fail({ path: /info\/refs\?service=git-upload-pack/, hangs: true });
  const taken = await world.push("ben", "taken");
  await github.settled();
  await until(() => (fetches().length > before ? true : null), "the fetch");
  expect(harbor.hooks.deliveries[0]?.outcome).toMatchObject({ code: 202 });
  await world.server.kill("SIGKILL");
  await world.serve();
  await world.serves("api@devnet", taken);

  const octokit = new Octokit({ auth: github.person("ana"), baseUrl: github.url });
  for (const { id } of [failed, harbor.hooks.deliveries[0]].filter((row) => row !== undefined))
    await octokit.request("POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", {
      owner: "acme",
      repo: "harbor",
      hook_id: failed?.hook.id ?? 0,
      delivery_id: id,
    });
  await github.settled();
  const last = await world.push("ana", "after all that");
  await world.serves("api@devnet", last);
  expect(await started()).toEqual([pushed(lost, "eve"), pushed(taken, "ben"), pushed(last)]);
});

test("lost, repeated, in another order or forged, deliveries start what was pushed, once, and nothing else", async () => {
  world = await OverHttp.begin();
  const { github, harbor } = world;
  await world.serve();
  const held: Envelope[] = [];
  harbor.hooks.network = (envelope) => void held.push(envelope);
  const [first, second] = [await world.push("ana", "1"), await world.push("ben", "2")];
  const forged = { ...harbor.hooks.deliveries[0]?.hook.config, secret: "guessed" };
  await github.settled();
  expect(held).toHaveLength(2);

  const send = async ({ url, headers, body }: Envelope): Promise<number> => (await fetch(url, { method: "POST", headers, body })).status;
  const [one, two] = held as [Envelope, Envelope];
  expect(await send({ ...two, body: two.body.replaceAll("ben", "eve") })).toBe(401);
  expect([await send(two), await send(two)]).toEqual([202, 202]);
  await world.serves("api@devnet", second);
  expect(await send(one)).toBe(202);

  harbor.hooks.network = () => {};
  const lost = await world.push("eve", "3");
  harbor.hooks.network = (envelope, deliver) => deliver(envelope);
  await world.push("ana", "other", {}, "feature");
  await github.settled();
  harbor.hooks.rows.clear();
  harbor.hooks.add({ url: one.url, secret: forged.secret, contentType: "json" });
  const last = await world.push("ana", "4");
  await github.settled();
  expect(harbor.hooks.deliveries[0]?.outcome.code).toBe(401);
  expect(await started()).toEqual([pushed(second, "ben")]);
  await world.server.kill("SIGTERM");
  await world.serve();
  await world.serves("api@devnet", last);
  expect(await started()).toEqual([pushed(second, "ben"), pushed(last)]);
  expect([first, lost]).toHaveLength(2);
});

test("what GitHub refuses to let it fetch is fetched when it lets it again, and said meanwhile", async () => {
  world = await OverHttp.begin();
  const { github } = world;
  await world.serve();
  const commits: string[] = [];
  for (const status of [401, 403, 503]) {
    const path = /info\/refs\?service=git-upload-pack/;
    github.fail({ path, status, times: 99 });
    const before = world.said().length;
    commits.push(await world.push("ana", `at ${status}`));
    await until(() => (/"msg":"pushes: git [a-z-]+ failed/.test(world.said().slice(before)) ? true : null), `a warning of ${status}`);
    github.healthy();
  }
  const last = await world.push("ben", "and again");
  await world.serves("api@devnet", last);
  expect(await started()).toEqual([...commits.map((commit) => pushed(commit)), pushed(last, "ben")]);
});

test("a project that lies in a folder of its repository is deployed by pushes, under the policy that is there", async () => {
  const folder = "products/shop";
  world = await OverHttp.begin({ folder, environments: "  devnet: { deployers: [ana, ben] }" });
  await world.serve();
  const file = `${folder}/sluice.yaml`;
  const first = await world.push("ana", "at the root, another policy", { "sluice.yaml": "version: 1\nproject: other\nservices: {}\n" });
  await world.serves("api@devnet", first);
  await world.push("eve", "by nobody who may", { [`${folder}/api/x`]: "1" });
  await until(() => (world.said().includes("policy lets eve deploy nowhere") ? true : null), "a warning");
  const second = await world.push("ben", "in the folder", {
    [file]: world.file.replace("devnet: { deployers: [ana, ben] }", "devnet: {}"),
  });
  await world.serves("api@devnet", second);
  const third = await world.push("eve", "by whoever may now", { [`${folder}/api/x`]: "2" });
  await world.serves("api@devnet", third);
  expect(await started()).toEqual([pushed(first), pushed(second, "ben"), pushed(third, "eve")]);
  await until(() => (world.recorded("devnet").includes(`api ${third}`) ? true : null), "the record");
});
