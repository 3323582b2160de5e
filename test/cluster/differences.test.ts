import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../src/contract/client.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { CHART } from "../rig/helm.ts";
import type { Space } from "../rig/space.ts";
import { jsonOf, Place, Shop } from "../unit/cli/rig.ts";

const place = new Place();
const SECRET = `apiVersion: v1
kind: Secret
metadata: { name: "{{ .Release.Name }}-login" }
stringData: { password: {{ .Values.motto | quote }} }
`;

describeCluster("what would change, what has drifted and the way back, on a real cluster", () => {
  let space: Space;
  let shop: Shop;
  const path = process.env["PATH"];
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(shop.root, name)), { recursive: true });
      writeFileSync(join(shop.root, name), text);
    }
  };
  const values = (service: string, text: string) => write({ [`deploy/${service}.yaml`]: text });

  beforeAll(async () => {
    space = await sharedCluster().openSpace();
    process.env["PATH"] = space.env["PATH"];
    shop = new Shop(place);
    const service = (id: string, tier: string) =>
      `  ${id}: { tier: ${tier}, deploy: { helm: { chart: deploy/chart, values: [deploy/${id}.yaml], namespace: ${space.namespace}, kubeconfig: ${space.kubeconfig}, forceConflicts: true } } }`;
    const chart = Object.entries({ ...CHART, "templates/login.yaml": SECRET }).map(([name, text]) => [`deploy/chart/${name}`, text]);
    write(Object.fromEntries(chart) as Record<string, string>);
    for (const id of ["api", "jobs", "web"]) values(id, "motto: first-motto-of-all\n");
    write({
      "sluice.yaml": [
        "version: 1",
        "project: shop",
        "environments: { devnet: { order: any } }",
        "services:",
        service("api", "backend"),
        service("jobs", "backend"),
        service("web", "frontend"),
        "",
      ].join("\n"),
    });
    shop.commit("charts");
  }, 60_000);
  afterAll(async () => {
    process.env["PATH"] = path;
    await space.close();
    place.remove();
  });

  test("all is added, then nothing differs; drift is none", async () => {
    const before = await shop.sluice(["diff", "--env", "devnet"]);
    expect(before.out).toContain("3 of 3 targets would change: 9 objects added");
    expect(before.out).toMatch(/\+ Secret \S+\/api-login\n/);
    const deployed = await shop.sluice(["deploy", "--all"]);
    expect(deployed.exit).toBe(0);
    const after = await shop.sluice(["diff", "--env", "devnet"]);
    expect(after.out).toContain("0 of 3 targets would change\n");
    expect(after.out).toContain("no difference: api@devnet, jobs@devnet, web@devnet");
    expect(await shop.sluice(["drift"])).toMatchObject({
      exit: 0,
      out: "0 of 3 targets differ from the ledger\nas recorded: api@devnet, jobs@devnet, web@devnet\n",
    });
  }, 120_000);

  test("a commit's changes, object by object against what is there, secrets hidden", async () => {
    values("api", "motto: second-motto-of-all\nreplicas: 2\n");
    write({
      "deploy/chart/templates/extra.yaml": "{{ if .Values.extra }}apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n{{ end }}",
    });
    values("web", "motto: first-motto-of-all\nextra: true\n");
    shop.commit("more of api and web");
    const { summary, targets } = jsonOf<Schemas["Diff"]>(await shop.sluice(["diff", "--env", "devnet", "--json"]));
    expect(summary).toEqual({ targets: { changed: 2, same: 1, unknown: 0 }, objects: { added: 1, changed: 3, removed: 0, same: 6 } });
    const kinds = targets.map(({ objects }) => objects?.map(({ kind, change }) => `${kind} ${change}`).sort());
    expect(kinds).toEqual([
      ["ConfigMap changed", "Deployment changed", "Secret changed"],
      ["ConfigMap same", "Deployment same", "Secret same"],
      ["ConfigMap added", "ConfigMap same", "Deployment same", "Secret same"],
    ]);
    const shown = await shop.sluice(["diff", "--env", "devnet"]);
    expect(shown.out).toContain("2 of 3 targets would change: 3 objects changed, 1 added");
    expect(shown.out).toContain("-  replicas: 1\n+  replicas: 2");
    const secret = targets[0]?.objects?.find(({ kind }) => kind === "Secret");
    for (const text of [secret?.before, secret?.after])
      for (const word of ["first-motto-of-all", "second-motto-of-all"])
        for (const form of [word, Buffer.from(word).toString("base64")]) expect(text).not.toContain(form);
    expect(secret?.before).not.toBe(secret?.after);
  }, 120_000);

  test("what somebody scales or deletes by hand is drift; a cluster that does not answer is not known", async () => {
    await space.kubectl(["scale", "deployment", "api", "--replicas=3"]);
    await space.kubectl(["delete", "configmap", "web-config"]);
    const found = await shop.sluice(["drift", "--json"]);
    expect(found.exit).toBe(1);
    const { summary, targets } = jsonOf<Schemas["Drift"]>(found);
    expect(summary).toEqual({ none: 1, drift: 2, unknown: 0 });
    expect(targets[0]?.objects).toMatchObject([{ kind: "Deployment", name: "api", drift: "different" }]);
    expect(targets[2]?.objects).toMatchObject([{ kind: "ConfigMap", name: "web-config", drift: "missing", live: null }]);
    const shown = await shop.sluice(["drift", "api"]);
    expect(shown.out).toContain("-  replicas: 1\n+  replicas: 3");

    const good = readFileSync(space.kubeconfig);
    copyFileSync(space.writeKubeconfig("nowhere", { server: "https://127.0.0.1:9" }), space.kubeconfig);
    const [unknown, diff] = [await shop.sluice(["drift"]), await shop.sluice(["diff", "--env", "devnet"])];
    writeFileSync(space.kubeconfig, good);
    expect(unknown.exit).toBe(1);
    expect(unknown.out).toContain(
      "0 of 3 targets differ from the ledger; 3 could not be looked at\napi@devnet, jobs@devnet, web@devnet: not known\n  it could not be looked at: https://127.0.0.1:9 of the context",
    );
    expect(diff.out).toContain("not with what is there: api@devnet, jobs@devnet, web@devnet: https://127.0.0.1:9 of the context");
  }, 120_000);

  test("the way back is said before anything is touched", async () => {
    const deployed = await shop.sluice(["deploy", "--all"]);
    expect(deployed.exit).toBe(0);
    const { targets, problems } = jsonOf<Schemas["RollbackPreview"]>(
      await shop.sluice(["rollback", "--all", "--env", "devnet", "--dry-run", "--json"]),
    );
    expect(problems).toEqual([]);
    expect(targets.map(({ target, means }) => [target, means])).toEqual([
      ["api@devnet", "helm rollback to revision 1"],
      ["jobs@devnet", "helm rollback to revision 1"],
      ["web@devnet", "helm rollback to revision 1"],
    ]);
  }, 120_000);
});
