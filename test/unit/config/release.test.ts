import { describe, expect, test } from "vitest";
import { checkRelease, policyDifferences } from "../../../src/core/config/release.ts";
import { configOf } from "./files.ts";

function file(environments: string, services: string, artifacts = "{}", teams = "{}"): ReturnType<typeof configOf> {
  return configOf(
    `version: 1\nproject: harbor\nteams: ${teams}\nenvironments: ${environments}\nartifacts: ${artifacts}\nservices: ${services}\n`,
  );
}
const api = "{ api: { tier: backend, deploy: { process: { command: [a] } } } }";

describe("a release under a policy of another commit", () => {
  const refusals = (release: ReturnType<typeof configOf>, environments: string) =>
    checkRelease(release, file(environments, api).policy, "sluice.yaml").map(({ code, message }) => `${code}: ${message}`);

  test("one that asks for nothing new is fine", () => {
    expect(refusals(file("{ devnet: {}, own: {} }", api), "{ devnet: {}, mainnet: {} }")).toEqual([]);
  });

  test("an environment that only the release has", () => {
    const release = file(
      "{ devnet: {}, mine: {} }",
      "{ api: { tier: backend, environments: [devnet, mine], deploy: { process: { command: [a] } } } }",
    );
    expect(refusals(release, "{ devnet: {} }")).toEqual(["unknown-environment: `api` is in `mine`, which policy does not have"]);
  });

  test("a variable that only the release's own environment has, in deploy, verify and an artifact made for each environment", () => {
    const release = file(
      "{ devnet: { variables: { A: 1, B: 2, C: 3 } } }",
      '{ api: { tier: backend, artifact: site, deploy: { process: { command: ["${variables.A}"] } }, verify: { http: "${url}/${variables.B}" } } }',
      '{ site: { bundle: { path: ., command: ["${variables.C}"] }, perEnvironment: true } }',
    );
    expect(refusals(release, "{ devnet: { variables: { A: 1 } }, mainnet: { variables: { A: 1, B: 2, C: 3 } } }")).toEqual([
      "unknown-variable: `api@devnet` uses `${variables.B}`, which policy does not set in `devnet`",
      "unknown-variable: `site@devnet` uses `${variables.C}`, which policy does not set in `devnet`",
    ]);
  });

  test("`allow` holds against what the release says after its variables are filled in with policy's values", () => {
    const services =
      '{ api: { tier: backend, deploy: { helm: { chart: c, context: "${variables.CLUSTER}", namespace: "harbor-${environment}" } } } }';
    const release = file("{ devnet: { variables: { CLUSTER: prod } } }", services);
    const allowed = "variables: { CLUSTER: dev }, allow: { contexts: [dev], namespaces: [harbor-devnet], drivers: [helm] }";
    expect(refusals(release, `{ devnet: { ${allowed} } }`)).toEqual([]);
    expect(
      refusals(
        release,
        "{ devnet: { variables: { CLUSTER: prod }, allow: { contexts: [dev], namespaces: [other], drivers: [process] } } }",
      ),
    ).toEqual([
      "not-allowed: `api@devnet` would use the driver `helm`",
      "not-allowed: `api@devnet` would use the context `prod`",
      "not-allowed: `api@devnet` would use the namespace `harbor-devnet`",
    ]);
  });

  test("what the driver's config leaves open is refused where there is a list, even an empty one", () => {
    const release = file("{ devnet: {} }", "{ api: { tier: backend, deploy: { helm: { chart: c } } } }");
    expect(refusals(release, "{ devnet: { allow: { namespaces: [a] } } }")).toEqual([
      "not-allowed: `api@devnet` would use a namespace that it does not name",
    ]);
    expect(refusals(release, "{ devnet: { allow: { drivers: [] } } }")).toEqual(["not-allowed: `api@devnet` would use the driver `helm`"]);
  });

  test("what is known only later cannot be on a list", () => {
    const release = file("{ devnet: {} }", '{ api: { tier: backend, deploy: { helm: { chart: c, namespace: "n-${commit}" } } } }');
    expect(refusals(release, "{ devnet: { allow: { namespaces: [n-main] } } }")).toEqual([
      "not-allowed: `api@devnet` would use the namespace `n-${commit}`",
    ]);
  });
});

describe("what a commit edits in its own policy", () => {
  const differences = (mine: string, theirs: string, myTeams = "{}", theirTeams = "{}") =>
    policyDifferences(file(mine, api, "{}", myTeams).policy, file(theirs, api, "{}", theirTeams).policy, "origin/main");
  const end = "; policy is read from origin/main, so it changes nothing here";

  test("nothing, whatever the order of keys", () => {
    expect(differences("{ a: { variables: { X: 1, Y: 2 } }, b: {} }", "{ b: {}, a: { variables: { Y: 2, X: 1 } } }")).toEqual([]);
  });

  test("each key that differs, what is new and what is gone", () => {
    const mine = "{ devnet: {}, mainnet: { needs: [devnet], needsTimeout: 2h, approval: { self: true } }, mine: {} }";
    const theirs = "{ devnet: {}, mainnet: { needs: [devnet], approval: {} }, gone: {} }";
    expect(differences(mine, theirs, "{ ops: [ana] }", "{ ops: [ana, ben], old: [ana] }")).toEqual([
      `this commit edits teams.ops${end}`,
      `this commit removes teams.old${end}`,
      `this commit edits environments.mainnet.approval${end}`,
      `this commit edits environments.mainnet.needsTimeout${end}`,
      `this commit adds environments.mine${end}`,
      `this commit removes environments.gone${end}`,
    ]);
  });

  test("who may pass a gate in an emergency, how many must approve and how early, and when nothing starts", () => {
    const policy = (emergency: string, approval: string, until: string, zone: string): string =>
      `{ mainnet: { emergency: ${emergency}, approval: ${approval}, freeze: [{ from: 2026-12-24T00:00:00Z, until: ${until} }, { cron: "0 18 * * FRI", zone: ${zone}, lasts: 62h }] } }`;
    const theirs = policy("[cy]", "{ count: 2 }", "2027-01-02T00:00:00Z", "UTC");
    // the same moment, written otherwise
    expect(differences(policy("[cy]", "{ count: 2, early: false }", "2027-01-02T01:00:00+01:00", "UTC"), theirs)).toEqual([]);
    const freeze = [`this commit edits environments.mainnet.freeze${end}`];
    expect(differences(policy("[cy]", "{ count: 2 }", "2027-01-03T00:00:00Z", "UTC"), theirs)).toEqual(freeze);
    expect(differences(policy("[cy]", "{ count: 2 }", "2027-01-02T00:00:00Z", "Asia/Tokyo"), theirs)).toEqual(freeze);
    expect(differences("{ mainnet: { emergency: [cy], approval: { count: 2 } } }", theirs)).toEqual(freeze);
    const approval = [`this commit edits environments.mainnet.approval${end}`];
    expect(differences(policy("[cy]", "{}", "2027-01-02T00:00:00Z", "UTC"), theirs)).toEqual(approval);
    expect(differences(policy("[cy]", "{ count: 2, early: true }", "2027-01-02T00:00:00Z", "UTC"), theirs)).toEqual(approval);
    expect(differences(policy("[cy, me]", "{ count: 2 }", "2027-01-02T00:00:00Z", "UTC"), theirs)).toEqual([
      `this commit edits environments.mainnet.emergency${end}`,
    ]);
  });
});
