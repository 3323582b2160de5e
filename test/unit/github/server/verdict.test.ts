import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { adapterSchemas } from "../../../../src/app/registry.ts";
import type { TargetId } from "../../../../src/core/config/config.ts";
import { Configs } from "../../../../src/engine/configs.ts";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import { coveredBy } from "../../../../src/github/server/covered.ts";
import { type Asked, verdictOn } from "../../../../src/github/server/verdict.ts";
import { GitSource } from "../../../../src/source/git.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

const HOUR = 3_600_000;
const mainnet = (more = ""): string =>
  `  mainnet: { approval: { approvers: [ben, cleo, eve], count: 2, expires: 1h }, emergency: [zoe]${more} }`;
const BOTH: readonly TargetId[] = ["api@mainnet", "web@mainnet"];
const SERVICES = ["api: { tier: backend", "web: { tier: frontend, needs: []", "jobs: { tier: backend, manual: true"];
let hosted: Hosted;
let configs: Configs;

beforeAll(async () => {
  hosted = new Hosted({ environments: mainnet(), push: "", services: SERVICES });
  await hosted.serve();
  configs = new Configs(GitSource.ofProject(hosted.clone), await adapterSchemas());
});
afterEach(async () => {
  for (const on of ["mainnet", ...BOTH]) await engine().unlock(on, { name: "ana" });
  await engine().unpin("api@mainnet", { name: "ana" });
  await engine().unhold("mainnet", { name: "ana" });
});
afterAll(() => hosted.remove());

const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
/** A commit of main, with policy as it says. */
function release(name: string, environments = mainnet()): string {
  const commit = hosted.push(name, { file: hosted.file.replace(mainnet(), environments) });
  hosted.git(hosted.clone, "fetch", "--quiet", "origin");
  return commit;
}
async function deploy(by: string, commit: string, services: readonly string[] | null = null): Promise<string> {
  const { run } = await engine().deploy({ ...PLAIN_DEPLOY, services, commit }, { name: by });
  await until(async () => ((await engine().approvals()).some((each) => each.run === run.id) ? true : null), `the gate of ${run.id}`);
  return run.id;
}
type Part = { readonly only?: readonly string[]; readonly except?: readonly string[] };
async function decide(
  verdict: "approved" | "rejected",
  by: string,
  commit: string,
  { only = null as Part["only"] | null, except = null as Part["except"] | null } = {},
) {
  const request = {
    verdict,
    commit,
    environment: "mainnet",
    comment: by === "zoe" ? "it burns" : null,
    expect: null,
    only: only ?? null,
    except: except ?? null,
    emergency: by === "zoe",
  };
  // a target that is looked at anew leaves the gate for as long as that takes
  return await until(async () => {
    const answer = await engine().decide(request, { name: by });
    return answer.ok || answer.code !== "nothing-waits" ? answer : null;
  }, "the gate");
}
async function approve(commit: string, by: readonly string[], part: Part = {}): Promise<void> {
  for (const person of by) expect(await decide("approved", person, commit, part)).toMatchObject({ ok: true });
}
async function verdict(commit: string, more: Partial<Asked> = {}) {
  const { policy } = await configs.policy(null);
  return await verdictOn(engine().store, {
    commit,
    environment: "mainnet",
    targets: BOTH,
    starters: ["ana"],
    policy,
    now: Date.now(),
    ...more,
  });
}
const passes = (...by: readonly string[]) => ({ is: "approved", by, emergency: false, at: expect.any(Number) as number });
const waits = (why: RegExp) => ({ is: "waits", why: expect.stringMatching(why) });
const undecided = waits(/is not approved in mainnet/);

describe("a workflow run passes", () => {
  it("by as many persons as policy asks for, each counted once", async () => {
    const commit = release("two persons");
    expect(await verdict(commit)).toEqual(waits(/no run in Sluice asks/));
    await deploy("ana", commit);
    await approve(commit, ["ben", "ben"]);
    expect(await verdict(commit)).toEqual(undecided);
    await approve(commit, ["cleo"]);
    expect(await verdict(commit)).toEqual(passes("ben", "cleo"));
  });

  it("when all that it may deploy is decided, in one act or in parts", async () => {
    const commit = release("in parts");
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"], { except: ["web"] });
    expect(await verdict(commit)).toEqual(undecided);
    await approve(commit, ["ben", "eve"], { only: ["web"] });
    expect(await verdict(commit)).toEqual(passes("ben", "cleo", "eve"));
  });

  it("not where Sluice was asked for a part of it: for one service, or for none of the manual ones", async () => {
    const commit = release("one service");
    await deploy("ana", commit, ["api"]);
    await approve(commit, ["ben", "cleo"]);
    expect(await verdict(commit)).toEqual(waits(/no run in Sluice asks for web@mainnet/));
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    expect(await verdict(commit)).toEqual(passes("ben", "cleo"));
    expect(await verdict(commit, { targets: [...BOTH, "jobs@mainnet"] })).toEqual(waits(/asks for jobs@mainnet/));
    expect(await verdict(commit, { targets: [] })).toMatchObject({ is: "waits" });
  });

  it("by nobody who has started it, there or here, also where that was later", async () => {
    const commit = release("authors");
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    expect(await verdict(commit, { starters: ["Cleo"] })).toEqual(undecided);
    expect(await verdict(commit)).toEqual(passes("ben", "cleo"));
    await engine().deploy({ ...PLAIN_DEPLOY, commit, redeploy: true }, { name: "BEN" });
    expect(await verdict(commit)).toEqual(undecided);
  });

  it("by one person whom policy names for emergencies", async () => {
    const commit = release("an emergency");
    await deploy("ana", commit);
    await approve(commit, ["zoe"]);
    expect(await verdict(commit)).toEqual({ ...passes("zoe"), emergency: true });
    const { policy } = await configs.policy(null);
    const { mainnet: its } = policy.environments;
    if (!its) throw new Error("no mainnet");
    expect(await verdict(commit, { policy: { ...policy, environments: { mainnet: { ...its, emergency: [] } } } })).toEqual(undecided);
  });
});

describe("a decision that holds no more lets nothing pass", () => {
  it("once its time is over", async () => {
    const commit = release("expiry");
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    expect(await verdict(commit, { now: Date.now() + 2 * HOUR })).toEqual(undecided);
  });

  it("once something else would be applied, and the words for the one and the other are not added up", async () => {
    const commit = release("what was seen");
    await engine().lock("mainnet", { reason: "not yet", until: null }, { name: "ana" });
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    release("another policy", mainnet(", variables: { GREETING: hello }"));
    await deploy("ana", commit);
    await engine().unlock("mainnet", { name: "ana" });
    expect(await verdict(commit)).toEqual(undecided);
    await approve(commit, ["eve"]);
    expect(await verdict(commit)).toEqual(undecided);
    await approve(commit, ["cleo"]);
    expect(await verdict(commit)).toEqual(passes("eve", "cleo"));
    release("the policy before", mainnet());
  });

  it("once policy names others", async () => {
    const commit = release("approvers");
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    release("without cleo", mainnet().replace("cleo, ", ""));
    expect(await verdict(commit)).toEqual(undecided);
    release("with cleo");
  });
});

describe("what is decided waits", () => {
  it("while the environment is held or locked, or a target of it is locked or pinned", async () => {
    const commit = release("stops");
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    const ana = { name: "ana" };
    const once = async (stop: () => Promise<unknown>, end: () => Promise<unknown>, why: RegExp): Promise<void> => {
      expect(await stop()).toMatchObject({ ok: true });
      expect(await verdict(commit)).toEqual(waits(why));
      expect(await end()).toMatchObject({ ok: true });
      expect(await verdict(commit)).toEqual(passes("ben", "cleo"));
    };
    const reason = { reason: "an incident", until: null };
    await once(
      () => engine().hold("mainnet", "an incident", ana),
      () => engine().unhold("mainnet", ana),
      /held by ana: an incident/,
    );
    await once(
      () => engine().lock("mainnet", reason, ana),
      () => engine().unlock("mainnet", ana),
      /mainnet is locked by ana/,
    );
    await once(
      () => engine().lock("web@mainnet", reason, ana),
      () => engine().unlock("web@mainnet", ana),
      /web@mainnet is locked/,
    );
    await until(async () => ((await engine().quiet()) ? true : null), "mainnet");
    await once(
      () => engine().pin("api@mainnet", { reason: "x", commit }, ana),
      () => engine().unpin("api@mainnet", ana),
      /pinned by ana/,
    );
  });

  it("while a window of policy is open", async () => {
    const commit = release("frozen", mainnet(", freeze: [{ from: 2020-01-01T00:00:00Z, until: 2099-01-01T00:00:00Z }]"));
    await deploy("ana", commit);
    await approve(commit, ["ben", "cleo"]);
    expect(await verdict(commit)).toEqual(waits(/frozen until 2099/));
    release("thawed");
  });
});

it("a rejection ends it only where it is of all that it deploys", async () => {
  const commit = release("rejections");
  await deploy("ana", commit);
  expect(await decide("rejected", "ben", commit, { only: ["api"] })).toMatchObject({ ok: true });
  expect(await verdict(commit)).toEqual(undecided);
  await deploy("ana", commit);
  expect(await decide("rejected", "cleo", commit)).toMatchObject({ ok: true });
  expect(await verdict(commit)).toEqual({ is: "rejected", by: ["cleo"] });
});

it("a workflow run may deploy what its file does, and whatever there is where nobody knows the file", async () => {
  const commit = release("files");
  const [config, { policy }] = [await configs.at(commit), await configs.policy(null)];
  const of = (file: string) => coveredBy(config, { environment: "mainnet", policy, file });
  for (const file of ["deploy-all.yml", "deploy-all-mainnet.yml", "deploy-api.yml"]) expect(of(file)).toEqual(BOTH);
  for (const file of ["deploy-jobs.yml", "release.yml", ""]) expect(of(file)).toEqual([...BOTH, "jobs@mainnet"]);
});
