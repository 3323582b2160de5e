import { afterEach, beforeEach, expect, it } from "vitest";
import { doctor } from "../../../../src/app/doctor.ts";
import { createClient } from "../../../../src/contract/client.ts";
import { githubWords } from "../../../../src/contract/github.ts";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import { Github } from "../../../rig/github/github.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

let github: Github;
let hosted: Hosted;
beforeEach(async () => {
  github = await Github.start();
  hosted = new Hosted();
});
afterEach(async () => {
  await hosted.remove();
  await github.close();
});

async function standing() {
  const { application, server } = hosted.running ?? {};
  if (!application || !server) throw new Error("no server runs");
  const client = createClient({ baseUrl: server.url, fetch: application.fetch, token: application.ownerToken, actor: "ana" });
  const { data } = await client.GET("/api/v1/github");
  return data?.connection ?? null;
}

it("a server without GitHub stands nowhere with it", async () => {
  await hosted.serve();
  expect(await standing()).toBeNull();
});

it("says what is left, that a limit is waited for, and what is not told meanwhile", async () => {
  const harbor = github.repository("acme/harbor");
  const token = github.person("robot");
  const { GITHUB_TOKEN: _, ...env } = github.env("", "acme/harbor");
  const running = await hosted.serve({ ...env, SLUICE_GITHUB_TOKEN: token, SLUICE_GITHUB_REPOSITORY: "acme/harbor" });
  const { engine } = running.application;
  await until(() => engine.store.note("github/records"), "its beginning");
  await until(() => engine.store.note("github/commits"), "its beginning");
  github.fail({ method: "POST", path: /deployments/, status: 429, headers: { "retry-after": "3600" }, times: 99 });
  const commit = hosted.git(hosted.clone, "rev-parse", "HEAD");
  await engine.deploy({ ...PLAIN_DEPLOY, commit }, { name: "ana" });
  const found = await until(async () => {
    const now = await standing();
    return now?.waiting.some(({ what, problem }) => what === "records" && problem !== null) ? now : null;
  }, "a limit");
  expect(found).toMatchObject({ as: "token", repository: "acme/harbor" });
  expect(found.budgets).toMatchObject([{ resource: "core", limit: 5000 }]);
  expect(found.pausedUntil).not.toBeNull();
  expect(githubWords(found).line).toMatch(
    /^connected to acme\/harbor as a token; [\d,]+ of 5,000 requests left until \d\d:\d\d UTC; a limit is waited for until \d\d:\d\d UTC; 1 record waits \(GitHub limits requests/,
  );
  expect(harbor.deployments).toEqual([]);
  const asked = { directory: hosted.directory, url: running.server.url, environments: null };
  const checks = await doctor(asked, { ...hosted.env, SLUICE_TOKEN: running.application.ownerToken });
  expect(checks.find(({ name }) => name === "github")).toMatchObject({
    status: "warning",
    message: expect.stringContaining("1 record waits"),
  });
}, 60_000);
