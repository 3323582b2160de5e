import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Check } from "../../../src/cli/context.ts";
import { Github, type Repository } from "../../rig/github/github.ts";
import { jsonOf, Place, Shop, type Ended } from "../cli/rig.ts";

const place = new Place();
let github: Github;
let harbor: Repository;
let shop: Shop;
let count = 0;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor", { private: true });
  shop = new Shop(place, `shop-${(count += 1)}`);
  shop.write("sluice.yaml", POLICY);
  shop.commit("policy");
});
afterEach(() => github.close());
afterAll(() => place.remove());

const POLICY = `
version: 1
project: shop
teams: { release: [ana, ben] }
environments:
  dev: {}
  prod: { needs: [dev], from: [main], approval: { approvers: ["team:release"] } }
services:
  api: { tier: backend, paths: [api], deploy: { command: { apply: [./deploy.sh], observe: [./deploy.sh] } } }
github: { branch: main }
`;
const doctor = (args: readonly string[] = [], token = github.person("ana")): Promise<Ended> =>
  place.sluice(["github", "doctor", "--json", ...args], { cwd: shop.root, env: { ...github.env(token, "acme/harbor"), GH_TOKEN: token } });
const found = (ended: Ended): readonly string[] =>
  jsonOf<readonly Check[]>(ended).map(({ name, status, message }) => `${status} ${name}: ${message}`);

describe("sluice github doctor", () => {
  it("has nothing to say of a repository that keeps what policy asks for", async () => {
    harbor.environment("dev", { branches: ["main"] });
    harbor.environment("prod", { branches: ["main"] });
    harbor.environment("prod-approval", { reviewers: ["ana", "ben"], preventsSelfReview: true, adminsBypass: false });
    const ended = await doctor();
    expect(ended.exit).toBe(0);
    expect(found(ended)).toEqual([
      "ok token: ana",
      "ok repository: acme/harbor, private",
      "ok dev: as policy asks for",
      "ok records: deployments can be read",
      "ok prod-approval: as policy asks for",
      "ok records: deployments can be read",
      expect.stringMatching(/^ok budget: \d+ of 5000 requests are left/) as string,
    ]);
  });

  it("says what a new repository lacks, and what a private one may not have", async () => {
    const ended = await doctor(["--env", "prod"]);
    expect(ended.exit).toBe(1);
    expect(found(ended)).toContain("warning prod: there is none yet: GitHub makes it at its first job, open to every branch");
    const gate = jsonOf<readonly Check[]>(ended).find(({ name }) => name === "prod-approval");
    expect(gate).toMatchObject({ status: "problem", environments: ["prod"], hint: expect.stringContaining("GitHub Enterprise") as string });
    expect(found(ended).some((line) => line.includes(" dev:"))).toBe(false);
  });

  it.each([
    [{ reviewers: [] }, "problem prod-approval: asks no reviewer, so every run stops behind it"],
    [{ reviewers: ["eve"] }, "problem prod-approval: none of its reviewers (eve) may approve by policy (ana, ben)"],
    [{ reviewers: ["ana", "eve"] }, "warning prod-approval: eve may review it on GitHub, and not by policy"],
    [{ reviewers: ["ana"] }, "warning prod-approval: who has started a run may review it, which sluice ci gate then refuses"],
    [{ reviewers: ["ana"] }, "warning prod-approval: administrators may pass without a review, which sluice ci gate then refuses"],
  ])("compares reviewers with policy: %j", async (guard, line) => {
    harbor.environment("prod-approval", guard);
    expect(found(await doctor())).toContain(line);
  });

  describe("where waits are to be held by a rule", () => {
    beforeEach(() => {
      const web = "  web: { tier: frontend, environments: [dev], paths: [web], deploy: { command: { apply: [./deploy.sh] } } }\n";
      shop.write("sluice.yaml", POLICY.replace("github: { branch: main }", `${web}github: { wait: rule }`));
      shop.commit("waits");
    });

    it("says where none would be", async () => {
      const first = await doctor();
      expect(found(first)).toContain(
        "warning dev-needs: there is none, and GitHub would make one without any rule: what waits takes a runner",
      );
      expect(found(first).filter((line) => line.includes("prod-needs"))).toEqual([]);
      harbor.environment("dev-needs", { reviewers: ["ana"] });
      expect(found(await doctor()).filter((line) => line.includes("dev-needs"))).toEqual([
        "warning dev-needs: no App's rule holds what waits, so it takes a runner",
        "warning dev-needs: asks reviewers, so every wait needs a person too",
      ]);
    });

    it("names the App whose rule holds them", async () => {
      harbor.environment("dev-needs", { apps: ["sluice-acme"] });
      expect(found(await doctor())).toContain("ok dev-needs: what waits is held by the rule of sluice-acme");
    });
  });

  it("takes a team of GitHub's for what it is: unknown", async () => {
    harbor.environment("prod-approval", { reviewers: ["team:release"] });
    expect(found(await doctor()).filter((line) => line.startsWith("problem"))).toEqual([]);
  });

  it("goes on where one check fails", async () => {
    const weak = github.installation("other", { metadata: "read" });
    const ended = await doctor([], weak);
    expect(ended.exit).toBe(1);
    const lines = found(ended);
    expect(lines[0]).toBe("warning token: it is an App's: GitHub takes no review by it");
    expect(lines.filter((line) => line.startsWith("problem"))).toHaveLength(4);
    expect(ended.out).not.toContain(weak);
  });

  it("says that a token has expired", async () => {
    const token = github.person("ana");
    github.expire(token);
    const ended = await doctor([], token);
    expect(ended.exit).toBe(1);
    expect(jsonOf<readonly Check[]>(ended)[0]).toMatchObject({ status: "problem", hint: expect.stringContaining("expired") as string });
  });

  it("needs a project, and environments that are there", async () => {
    expect(await doctor(["--env", "nowhere"])).toMatchObject({ exit: 2 });
    const token = github.person("ana");
    const env = { ...github.env(token, "acme/harbor"), GH_TOKEN: token };
    expect(await place.sluice(["github", "doctor"], { cwd: place.directory("none"), env })).toMatchObject({ exit: 2 });
  });

  it("notices a default branch that is another than the one that deploys", async () => {
    github.repository("acme/harbor", { defaultBranch: "trunk" });
    expect(found(await doctor())).toContain("warning branch: pushes to main deploy, and the default branch is trunk");
  });
});
