import { expect, it } from "vitest";
import { fingerprint } from "../../src/core/plan/fingerprint.ts";
import { findMarked } from "../../src/host/processes.ts";
import { driver } from "../../src/drivers/helm/index.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { until } from "../rig/wait.ts";
import { commitOf, type Deployed, digestOf, hookOf, Release } from "../rig/helm.ts";

const open = async (name?: string) => new Release(await sharedCluster().space(), name);
const goodOf = ({ input }: Deployed) => ({
  commit: input.commit,
  digest: input.digest,
  fingerprint: input.fingerprint ?? "",
  attempt: input.attempt,
});
/** The API server tells times to a second: what was written in the one in which an attempt began may be of that attempt. */
const nextSecond = async () => {
  const now = Math.floor(Date.now() / 1000);
  await until(() => (Math.floor(Date.now() / 1000) > now ? true : null), "the next second");
};
const said = (result: Deployed["result"]) => (result.ok ? "" : result.message);
const imageOf = async (release: Release) =>
  (
    await release.space.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
      "apis/apps/v1",
      `deployments/${release.name}`,
    )
  )?.spec.template.spec.containers[0]?.image;

describeCluster("a chart of the commit", () => {
  it("is installed and upgraded by digest, carries who did it, and is observed as what it is", async () => {
    const release = await open();
    release.commit("one");
    release.commit("two");
    expect(await release.observe()).toEqual({ kind: "absent" });
    const first = await release.apply("one");
    expect(first.result).toEqual({ ok: true, url: null });
    expect(await imageOf(release)).toBe(`team/api@${digestOf("one")}`);
    const live = { kind: "live", health: "healthy", url: null };
    expect(await release.observe()).toEqual({ ...live, commit: commitOf("one"), digest: digestOf("one"), attempt: first.input.attempt });
    const second = await release.apply("two");
    expect(second.result).toEqual({ ok: true, url: null });
    expect(await release.observe()).toEqual({ ...live, commit: commitOf("two"), digest: digestOf("two"), attempt: second.input.attempt });
    const history = await release.history();
    expect(history.map(({ status }) => status)).toEqual(["superseded", "deployed"]);
    expect(history[1]?.description).toContain(`attempt ${second.input.attempt}: commit ${commitOf("two")}`);
    const labels = await release.space.kubectl(["get", "secret", "sh.helm.release.v1.api.v2", "-o", "jsonpath={.metadata.labels}"]);
    expect(JSON.parse(labels)).toMatchObject({
      "sluice.dev/attempt": second.input.attempt,
      "sluice.dev/commit": commitOf("two"),
      "sluice.dev/run": "1",
      "sluice.dev/service": "api",
    });
  });

  it("applied twice by one attempt is applied once", async () => {
    const release = await open();
    release.commit("one");
    const { input } = await release.apply("one");
    expect((await release.apply("one", { attempt: input.attempt })).result).toEqual({ ok: true, url: null });
    expect(await release.history()).toHaveLength(1);
  });

  it("goes back by its recorded revision, and is known as what it went back to", async () => {
    const release = await open();
    for (const name of ["one", "two"]) release.commit(name);
    await release.apply("one");
    await release.apply("two");
    const back = await release.apply("one", { direction: "rollback" });
    expect(back.result).toEqual({ ok: true, url: null });
    expect(back.log).toContain("goes back to its revision 1");
    expect(await imageOf(release)).toBe(`team/api@${digestOf("one")}`);
    expect(await release.observe()).toMatchObject({
      commit: commitOf("one"),
      digest: digestOf("one"),
      attempt: back.input.attempt,
      health: "healthy",
    });
    // and forth, and back to what a rollback made
    const forth = await release.apply("two", { direction: "rollback" });
    expect(forth.log).toContain("goes back to its revision 2");
    const again = await release.apply("one", { direction: "rollback" });
    expect(again.log).toContain("goes back to its revision 3");
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), attempt: again.input.attempt });
  });

  it("goes back by the commit's chart where the revision is gone or holds something else, and says which", async () => {
    const release = await open();
    for (const name of ["one", "two", "three"]) release.commit(name);
    const way = async (name: string) => {
      const input = release.input(name);
      return await driver.wayBack?.({ ...input, fingerprint: input.fingerprint ?? "" }, release.look(name));
    };
    await release.apply("one", { config: { historyMax: 2 } });
    await release.apply("two", { config: { historyMax: 2 } });
    expect(await way("one")).toEqual({ ok: true, means: "helm rollback to revision 1" });
    await release.apply("three", { config: { historyMax: 2 } });
    expect(await way("one")).toMatchObject({ ok: true, means: expect.stringContaining("chart deploy/api") });
    const gone = await release.apply("one", { direction: "rollback" });
    expect(gone.result).toEqual({ ok: true, url: null });
    expect(gone.log).toContain("Helm keeps no revision");
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), attempt: gone.input.attempt });

    await release.space.kubectl(["label", "secret", "sh.helm.release.v1.api.v3", "sluice.dev/manifest=other", "--overwrite"]);
    const edited = await release.apply("three", { direction: "rollback" });
    expect(edited.log).toContain("revision 3 does not hold any more");
    expect(await release.observe()).toMatchObject({ commit: commitOf("three") });
    const lost = { ...release.input("nowhere"), fingerprint: digestOf("nothing") };
    expect(await driver.wayBack?.(lost, release.look("nowhere"))).toMatchObject({
      ok: false,
      message: expect.stringContaining("cannot be used"),
    });
  });

  it("renders what is applied: the same text each time, hooks and CRDs in it, Secrets masked", async () => {
    const release = await open();
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: token }\nstringData: { token: hunter2 }\n";
    const crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ships.harbor.example }\nspec: {}\n";
    release.commit("one", {
      "templates/secret.yaml": secret,
      "crds/ship.yaml": crd,
      "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate:1"),
    });
    release.commit("two", { "templates/secret.yaml": secret.replace("hunter2", "hunter3") });
    const text = await driver.render(release.input("one"), release.look("one"));
    expect(await driver.render(release.input("one"), release.look("one"))).toBe(text);
    expect(text).toContain(`image: team/api@${digestOf("one")}`);
    expect(text).toContain("chart: deploy/api 1.2.3");
    for (const kind of ["Deployment", "Job", "CustomResourceDefinition", "Secret"]) expect(text).toContain(`kind: ${kind}`);
    expect(text).not.toContain("hunter2");
    const other = await driver.render(release.input("two"), release.look("two"));
    const masked = (one: string) => /token: (.*)/.exec(one)?.[1];
    expect(masked(other)).not.toBe(masked(text));
    expect(fingerprint(other)).not.toBe(fingerprint(text));
  });

  it("compares object by object with what is there", async () => {
    const release = await open();
    const extra = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { a: b }\n";
    release.commit("one", { "templates/extra.yaml": extra, "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate:1") });
    release.commit("two", { "templates/more.yaml": extra.replace("extra", "more") });
    await release.apply("one");
    const changes = async (name: string) =>
      ((await driver.compare?.(release.input(name), release.look(name))) ?? []).map(
        ({ kind, name: object, change }) => `${kind}/${object} ${change}`,
      );
    expect(await changes("one")).toEqual([
      "ConfigMap/api-config same",
      "ConfigMap/extra same",
      "Deployment/api same",
      "Job/api-pre-upgrade (pre-upgrade hook) same",
    ]);
    expect(await changes("two")).toEqual([
      "ConfigMap/api-config same",
      "ConfigMap/more added",
      "Deployment/api changed",
      "ConfigMap/extra removed",
      "Job/api-pre-upgrade (pre-upgrade hook) removed",
    ]);
    // a migration that has changed is seen before it runs, and what it must not show is not shown
    const secret = (value: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: key, annotations: { helm.sh/hook: pre-install } }\nstringData: { key: ${value} }\n`;
    release.commit("three", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate:2"), "templates/key.yaml": secret("hunter2") });
    const three = (await driver.compare?.(release.input("three"), release.look("three"))) ?? [];
    expect(three.filter(({ passing }) => passing).map(({ name, change }) => `${name} ${change}`)).toEqual([
      "key (pre-install hook) added",
      "api-pre-upgrade (pre-upgrade hook) changed",
    ]);
    const job = three.find(({ kind }) => kind === "Job");
    expect([job?.before, job?.after]).toEqual([expect.stringContaining("team/migrate:1"), expect.stringContaining("team/migrate:2")]);
    expect(JSON.stringify(three)).not.toContain("hunter2");
    await release.space.kubectl(["set", "image", "deployment/api", "api=team/other:1"]);
    expect(await changes("one")).toContain("Deployment/api changed");
  });

  it("an image that is not built yet is shown as that, and not as the one that the chart names by itself", async () => {
    const release = await open();
    release.commit("one");
    const input = { ...release.input("one"), digest: null };
    const deployment = (await driver.compare?.(input, release.look("one")))?.find(({ kind }) => kind === "Deployment");
    expect(deployment?.after).toContain("image: team/api@sha256:not-built-yet");
    expect(await driver.render(input, release.look("one"))).toMatch(/artifact: team\/api, not built yet[^]*team\/api@sha256:not-built-yet/);
  });
});

describeCluster("what goes wrong with a release", () => {
  it("an image that is not there fails as soon as that is certain, and says so", async () => {
    const release = await open();
    release.commit("one");
    release.commit("bad");
    await release.apply("one");
    const begun = performance.now();
    const { result } = await release.apply("bad", { image: "api-nopull" });
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(result).toMatchObject({
      ok: false,
      changed: true,
      message: expect.stringContaining(`cannot pull the image team/api-nopull@${digestOf("bad")}`),
    });
    expect(await release.observe()).toMatchObject({ commit: commitOf("bad"), health: "degraded" });
    // superseded, and never good: what comes next goes on from it
    release.commit("two");
    expect((await release.apply("two")).result.ok).toBe(true);
  });

  it("a hook that fails is named, with its log; what serves was not touched", async () => {
    const release = await open();
    release.commit("one");
    const first = await release.apply("one");
    release.commit("two", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate-crash:1") });
    const { result } = await release.apply("two");
    expect(result).toMatchObject({ ok: false, changed: false });
    expect(said(result)).toMatch(/the hook Job\/api-pre-upgrade \(pre-upgrade\)[^]*fatal: cannot reach the database/);
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), attempt: first.input.attempt, health: "healthy" });
  });

  it("a hook that hangs is explained by its pod, and Helm is ended", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    release.commit("two", { "templates/hook.yaml": hookOf("post-upgrade", "team/migrate-nopull:1") });
    const { result } = await release.apply("two");
    expect(result).toMatchObject({ ok: false, changed: true });
    expect(said(result)).toMatch(
      /the hook Job\/api-post-upgrade \(post-upgrade\) does not come to its end: .*cannot pull the image team\/migrate-nopull:1/,
    );
    expect((await release.history()).map(({ status }) => status)).toEqual(["deployed", "failed"]);
    expect(await release.observe()).toMatchObject({ kind: "live", commit: null, attempt: null, health: "degraded" });
  });

  it("a field that somebody else has set is shown with who, and taken back where that is wanted", async () => {
    const release = await open();
    for (const name of ["one", "two"]) release.commit(name);
    const first = await release.apply("one");
    await release.space.kubectl(["set", "image", "deployment/api", "api=team/by-hand:1"]);
    await nextSecond();
    const { result } = await release.apply("two");
    expect(result).toMatchObject({ ok: false, changed: false });
    expect(said(result)).toContain('.spec.template.spec.containers[name="api"].image was set by kubectl-set');
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), attempt: first.input.attempt, health: "healthy" });
    expect((await release.apply("two", { config: { forceConflicts: true } })).result.ok).toBe(true);
    expect(await imageOf(release)).toBe(`team/api@${digestOf("two")}`);
  });

  it("a field that somebody else has set is taken back by a rollback, and by what a person asks for again", async () => {
    const release = await open();
    for (const name of ["one", "two"]) release.commit(name);
    await release.apply("one");
    await release.apply("two");
    const byHand = async () => await release.space.kubectl(["set", "image", "deployment/api", "api=team/by-hand:1"]);
    await byHand();
    const back = await release.apply("one", { direction: "rollback" });
    expect(back.result).toEqual({ ok: true, url: null });
    expect(back.log).toContain("what others have changed since is taken back");
    expect(await imageOf(release)).toBe(`team/api@${digestOf("one")}`);
    await byHand();
    expect((await release.apply("one")).result.ok).toBe(false);
    expect((await release.apply("one", { takeBack: true })).result).toEqual({ ok: true, url: null });
    expect(await imageOf(release)).toBe(`team/api@${digestOf("one")}`);
  });

  it("what was left pending goes back to what was good last, which is not the revision before", async () => {
    const release = await open();
    for (const name of ["good", "bad", "next"]) release.commit(name);
    const good = await release.apply("good");
    await release.apply("bad", { image: "api-nopull" });
    release.commit("cut", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate-slow:1") });
    const cutting = release.apply("cut").catch(() => null);
    await expect.poll(async () => (await release.history()).at(-1)?.status, { timeout: 10_000 }).toBe("pending-upgrade");
    for (const pid of findMarked({ SLUICE_ATTEMPT_DIR: release.home })) process.kill(pid, "SIGKILL");
    await cutting;
    expect(await release.observe()).toMatchObject({ kind: "live", commit: null, attempt: null, health: "progressing" });
    const next = await release.apply("next", { lastGood: goodOf(good) });
    expect(next.log).toContain("pending-upgrade at revision 3: back to revision 1 first");
    expect(next.result).toEqual({ ok: true, url: null });
    const history = await release.history();
    expect(history.map(({ status }) => status)).toEqual(["superseded", "superseded", "failed", "superseded", "deployed"]);
    expect(history[3]?.description).toBe("Rollback to 1");
  });
});
