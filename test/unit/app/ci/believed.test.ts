import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Policies } from "../../../../src/app/ci/policies.ts";
import { adapterSchemas } from "../../../../src/app/registry.ts";
import { Configs } from "../../../../src/engine/configs.ts";
import { SourceError } from "../../../../src/engine/ports/source.ts";
import { GitSource } from "../../../../src/source/git.ts";
import { Repo } from "../../source/repo.ts";
import { ends, type JobEnd, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };
const TIMEOUT = { timeout: 120_000 };
const GUARDED = "prod: { approval: { approvers: [ben] }, from: [main] }";
const BOTH = ["api", "web"];
const approved = { approved: { prod: "ben" } };

type Payload = { definition: { config: object; driver: string; irreversible?: unknown }; digest: string | null };

/** What anybody may write who may write deployments: a record like one that a job has made, but for what `change` makes of it. */
async function forge(
  flow: Workflow,
  sha: string,
  change: (payload: Payload) => void,
  state: "success" | null = "success",
): Promise<number[]> {
  const eve = flow.forge(flow.github.person("eve"));
  const made: number[] = [];
  for (const service of BOTH) {
    const real = flow.shop.deployments.find((d) => d.task === `sluice:${service}` && d.creator !== "eve");
    const payload = structuredClone(real?.payload) as Payload & object;
    change(payload);
    const about = { task: `sluice:${service}`, environment: "prod", description: "x", production: true };
    const id = await eve.createDeployment({
      ...about,
      sha,
      payload: { ...payload, attempt: `eve-${service}-${sha}`, run: "999998/1" } as never,
    });
    if (state) await eve.setStatus(id, { state, description: "good" });
    made.push(id);
  }
  return made;
}

/** A program of eve's that leaves a file. */
const evil = (flow: Workflow) => (payload: Payload) => {
  const program = ["node", "-e", `require("fs").writeFileSync(${JSON.stringify(join(flow.world, "pwned"))}, "")`];
  payload.definition.config = { ...payload.definition.config, apply: program, observe: program };
};
const warnings = ({ out }: JobEnd): readonly string[] => out.split("\n").filter((line) => line.startsWith("::warning::"));

async function release(flow: Workflow, text: string, options: Parameters<Workflow["deploy"]>[2] = approved): Promise<string> {
  const commit = flow.commit({ "api/x": text, "web/x": text });
  expect(ends(await flow.deploy("prod", BOTH, options))).toEqual(FINE);
  return commit;
}

test("a record that somebody has forged is no way back and stops nothing, and its program never runs", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: GUARDED }) });
  const first = await release(flow, "1");
  const [number] = await forge(flow, first, evil(flow));
  // of an attempt that nobody has heard of since the driver is asked by what is recorded
  await forge(flow, first, evil(flow), null);
  await release(flow, "2");
  const found = await flow.rollback("prod", { actor: "eve" });
  expect([ends(found), found.outputs["commit"]]).toEqual([FINE, first]);
  expect(warnings(found)).toHaveLength(4);
  expect(warnings(found)[0]).toContain(
    `Deployment ${number} (api@prod at ${first.slice(0, 12)}, made by eve) is not believed and left out`,
  );
  expect((await flow.waves("prod", found, { actor: "eve" })).map(ends)).toEqual([FINE, FINE]);
  expect([flow.live("api@prod"), flow.live("web@prod"), flow.isThere("pwned")]).toEqual([first, first, false]);
});

test(
  "what was never on a branch that the environment takes is no way back, and behind a gate that is the default branch",
  TIMEOUT,
  async () => {
    const flow = await Workflow.begin();
    const file = flow.file({ environments: "prod: { approval: { approvers: [ben] } }" });
    const base = flow.commit({ "sluice.yaml": file });
    const good = await release(flow, "1");
    // a commit of a branch says itself what is executed, and its record fits it
    flow.repo.git("checkout", "-q", "-b", "eve", base);
    const program = join(flow.world, "evil.mjs");
    const own = flow.repo.commit({ "sluice.yaml": file.replaceAll(join(flow.world, "tool.mjs"), program) });
    flow.repo.git("update-ref", "refs/remotes/origin/eve", own);
    flow.repo.git("checkout", "-q", "main");
    await forge(
      flow,
      own,
      ({ definition }) => (definition.config = JSON.parse(JSON.stringify(definition.config).replaceAll("tool.mjs", "evil.mjs")) as object),
    );
    await release(flow, "2");
    // nor is it deployed there, so that what is live is always believed
    expect(ends(await flow.deploy("prod", BOTH, { ...approved, commit: own }))).toMatchObject({
      exit: 4,
      said: expect.stringContaining("prod has an approval and no `from`, so it takes only commits from main"),
    });
    const found = await flow.rollback("prod", { actor: "eve" });
    expect([ends(found), found.outputs["commit"]]).toEqual([FINE, good]);
    expect(warnings(found)[0]).toContain("is on none of the branches that prod takes (main)");
  },
);

test("what was deployed under an earlier policy is believed, and goes back as it was", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  const at = (size: string) => flow.file({ environments: `prod: { variables: { SIZE: "${size}" } }` });
  flow.commit({ "sluice.yaml": at("1") });
  const first = await release(flow, "1", {});
  flow.commit({ "sluice.yaml": at("2") });
  flow.commit({ "sluice.yaml": at("3") });
  await release(flow, "2", {});
  const found = await flow.rollback("prod");
  expect([ends(found), found.outputs["commit"], warnings(found)]).toEqual([FINE, first, []]);
  expect((await flow.waves("prod", found)).map(ends)).toEqual([FINE, FINE]);
  const [back] = flow.shop.deployments.filter(({ task }) => task === "sluice:api");
  expect(back?.payload).toMatchObject({ kind: "rollback", definition: { variables: { SIZE: "1" } } });
});

test("a record cannot leave out what makes a way back impossible, and today's policy says what may be used", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: GUARDED, migration: "api/x" }) });
  const first = await release(flow, "1");
  await release(flow, "2");
  await forge(flow, first, ({ definition }) => delete definition.irreversible);
  await release(flow, "3");
  const refused = await flow.rollback("prod", { env: { SLUICE_TO: first } });
  expect(refused.exit).toBe(1);
  expect(refused.out).toContain("cannot be taken back");
  flow.commit({ "sluice.yaml": flow.file({ environments: GUARDED.replace("}, from", "}, allow: { drivers: [helm] }, from") }) });
  const now = await flow.rollback("prod", { env: { SLUICE_TO: first } });
  expect(now.out).toContain("`api@prod` would use the driver `command`. policy allows `helm` in `prod`");
});

test("what was merged and deployed after a job's checkout was made is believed, also under a policy from since", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  const at = (size: string) => flow.file({ environments: `prod: { from: [main], variables: { SIZE: "${size}" } }` });
  const first = flow.commit({ "sluice.yaml": at("1") });
  const [origin, checkout] = [join(flow.directory, "origin.git"), join(flow.directory, "older")];
  flow.repo.git("clone", "--quiet", "--bare", flow.repo.directory, origin);
  flow.repo.git("clone", "--quiet", origin, checkout);
  flow.commit({ "sluice.yaml": at("2") });
  const second = await release(flow, "2", {});
  flow.repo.git("push", "--quiet", origin, "main");
  // else it would be brought back behind what is live
  const late = await flow.deploy("prod", ["api"], { checkout, commit: first });
  expect([ends(late), late.summary, warnings(late)]).toEqual([FINE, expect.stringContaining("left as it is"), []]);
  expect(flow.live("api@prod")).toBe(second);
});

test("a record of a build that somebody has forged points at nothing else than what the commit makes", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  const make = (text: string): string => `const fs = require("fs"); fs.mkdirSync("out"); fs.writeFileSync("out/made", "${text}");`;
  const file = [
    "version: 1\nproject: shop\nenvironments: { prod: { from: [main] } }",
    "artifacts: { mega: { bundle: { command: [node, build.js], output: out } } }",
    `services: { api: { tier: backend, paths: [api], artifact: mega, deploy: ${flow.driver()} } }\n`,
  ];
  // the home of a runner that keeps what it has made, also of others' commits
  const home = join(flow.directory, "kept");
  const build = async () => {
    const built = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]', SLUICE_HOME: home } });
    return { ...built, digest: (JSON.parse(built.outputs["artifacts"] ?? "{}") as { mega?: string }).mega ?? "" };
  };
  const deploy = (digest: string) =>
    flow.deploy("prod", ["api"], { env: { SLUICE_HOME: home, SLUICE_ARTIFACTS: JSON.stringify({ mega: digest }) } });
  const first = flow.commit({ "sluice.yaml": file.join("\n"), "build.js": make("evil") });
  const bad = await build();
  const good = flow.commit({ "build.js": make("good") });
  const eve = flow.forge(flow.github.person("eve"));
  const payload = { sluice: 1, kind: "build", artifact: "mega", digest: bad.digest, attempt: "x" };
  const about = { environment: "sluice/builds", task: "sluice-build:mega", description: "x", production: false };
  await eve.createDeployment({ ...about, sha: good, payload });
  const built = await build();
  expect(built.digest).not.toBe(bad.digest);
  expect(built.out).toContain(
    `is recorded as ${bad.digest}, which is not taken for it: nothing on this machine says that it was made of ${good.slice(0, 12)}`,
  );
  // what was made of a commit here is taken for it
  expect((await build()).summary).toContain("was there");
  expect(ends(await deploy(built.digest))).toEqual(FINE);
  // nor does a record of a deploy lead a rollback to it
  const real = flow.shop.deployments.find((d) => d.task === "sluice:api")?.payload as object;
  const id = await eve.createDeployment({
    sha: good,
    environment: "prod",
    task: "sluice:api",
    description: "x",
    production: true,
    payload: { ...real, attempt: "eve", digest: bad.digest } as never,
  });
  await eve.setStatus(id, { state: "success", description: "good" });
  flow.commit({ "build.js": make("newer") });
  expect(ends(await deploy((await build()).digest))).toEqual(FINE);
  const back = await flow.rollback("prod", { env: { SLUICE_HOME: home } });
  expect([back.exit, back.out]).toEqual([
    1,
    expect.stringMatching(/api@prod: its artifact sha256:\w+ was made again from \w+ and came out as/),
  ]);
  expect(first).not.toBe(good);
});

test("what came from a branch that is gone may be live: nothing goes over it, and nothing back to it", TIMEOUT, async () => {
  const flow = await Workflow.begin();
  // nobody else can tell what is live
  const file = flow.file({ environments: "prod: { from: [main, 'hotfix/*'] }" }).replaceAll(/, observe: \[[^\]]*\]/g, "");
  flow.commit({ "sluice.yaml": file });
  await release(flow, "1", {});
  flow.repo.git("checkout", "-q", "-b", "hotfix/1");
  const hot = flow.repo.commit({ "api/x": "hot" });
  flow.repo.git("update-ref", "refs/remotes/origin/hotfix/1", hot);
  flow.repo.git("checkout", "-q", "main");
  expect(ends(await flow.deploy("prod", BOTH, { commit: hot }))).toEqual(FINE);
  flow.repo.git("branch", "-D", "hotfix/1");
  flow.repo.git("update-ref", "-d", "refs/remotes/origin/hotfix/1");
  const next = flow.commit({ "web/x": "2" });
  const over = await flow.deploy("prod", BOTH, { commit: next });
  expect(ends(over)).toMatchObject({ exit: 1, said: expect.stringContaining(`diverged: ${hot.slice(0, 9)} is live`) });
  expect(warnings(over)[0]).toContain(
    `is not believed and counts only as what may be live: ${hot.slice(0, 12)} is on none of the branches`,
  );
  expect(flow.live("api@prod")).toBe(hot);
  const to = await flow.rollback("prod", { env: { SLUICE_TO: hot } });
  expect([to.exit, to.outputs]).toEqual([1, {}]);
});

test("that git could not be asked is no answer, and is asked again", async () => {
  const repo = new Repo();
  onTestFinished(() => repo.remove());
  const file = (size: string) => `version: 1\nproject: shop\nenvironments: { prod: { variables: { SIZE: "${size}" } } }\nservices: {}\n`;
  const first = repo.commit({ "sluice.yaml": "version: nonsense\n" });
  const older = repo.commit({ "sluice.yaml": file("1") });
  const commit = repo.commit({ "sluice.yaml": file("2") });
  let fails = true;
  class Busy extends GitSource {
    override async file(at: string, path: string): Promise<string | null> {
      if (fails && at === older) throw new SourceError("git-failed", "git cat-file did not end in time.", "Try again.");
      return await super.file(at, path);
    }
  }
  const source = new Busy({ directory: repo.directory });
  const configs = new Configs(source, await adapterSchemas());
  const policies = new Policies({ source, configs, policy: (await configs.at(commit)).policy, policyCommit: commit });
  const sizes = async () => {
    const found: (string | undefined)[] = [];
    for await (const policy of policies.around(Date.now())) found.push(policy.environments["prod"]?.variables["SIZE"]);
    return found;
  };
  await expect(sizes()).rejects.toThrow("did not end in time");
  fails = false;
  expect(await sizes()).toEqual(["2", "1"]);
  await expect(configs.at(first)).rejects.toThrow("is not valid");
});
