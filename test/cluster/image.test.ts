import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { builder } from "../../src/builders/image/index.ts";
import type { JsonObject } from "../../src/core/config/config.ts";
import { describeImages, LOGIN, ownRegistry, TestRegistry } from "../rig/registry.ts";
import { Workshop } from "../rig/images.ts";

const HARBOR = fileURLToPath(new URL("../../examples/harbor", import.meta.url));
const COMMIT = "c0ffee".padEnd(40, "0");
const signal = new AbortController().signal;

const has = (digest: string, config: JsonObject) => builder.has(digest, config, "/nowhere");
const find = (config: JsonObject) => builder.find?.({ project: "harbor", commit: COMMIT, config }, { signal, home: "/nowhere" });
/** The server's own environment, where it looks for logins. */
function serverEnv(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

describeImages("images, built by buildah and pushed to a registry", () => {
  let workshop: Workshop;
  let open: TestRegistry;
  let guarded: TestRegistry;
  let tree = "";
  beforeAll(async () => {
    workshop = new Workshop();
    [open, guarded] = await Promise.all([TestRegistry.open(), TestRegistry.open({ login: true })]);
    tree = join(workshop.directory, "tree");
    mkdirSync(join(tree, "src"), { recursive: true });
    writeFileSync(
      join(tree, "Dockerfile"),
      'ARG SAYS=nothing\nFROM scratch\nARG SAYS\nLABEL says=$SAYS\nCOPY . /srv\nCMD ["/srv/src/main"]\n',
    );
    writeFileSync(join(tree, "src", "main"), "#!/srv/node\n", { mode: 0o755 });
  });
  afterAll(async () => {
    await Promise.all([open.close(), guarded.close()]);
    workshop.close();
  });

  test("the same commit gives the same digest, from another store and at another time", async () => {
    const config = { repository: `${open.host}/team/one` };
    const { digest, log } = await workshop.build(tree, config);
    expect((await workshop.build(tree, config, { store: "other" })).digest).toBe(digest);
    expect(log).toContain(`pushed ${open.host}/team/one@${digest}`);
    expect(await has(digest, config)).toBe(true);
    expect(await find(config)).toBe(digest);
    const other = await workshop.build(tree, { ...config, args: { SAYS: "something" }, tag: "other" });
    expect(other.digest).not.toBe(digest);
    expect(workshop.buildah("images", "--quiet", "--all")).toBe("");
  });

  test("what says of what commit it is, are labels; and all times are the commit's", async () => {
    const config = { repository: `${open.host}/team/labels`, source: "https://git.example/harbor" };
    const { digest } = await workshop.build(tree, config);
    const image = `${config.repository}@${digest}`;
    workshop.buildah("pull", "--quiet", "--tls-verify=false", image);
    const { OCIv1 } = JSON.parse(workshop.buildah("inspect", "--type", "image", image)) as {
      readonly OCIv1: { readonly created: string; readonly config: { readonly Labels: Readonly<Record<string, string>> } };
    };
    workshop.buildah("rmi", "--all", "--force");
    expect(OCIv1.created).toBe("2026-01-12T06:40:00Z");
    expect(OCIv1.config.Labels).toMatchObject({
      "org.opencontainers.image.revision": COMMIT,
      "org.opencontainers.image.source": "https://git.example/harbor",
    });
    expect(JSON.stringify(OCIv1)).not.toContain("r1-");
  });

  test("several platforms are one index, which is what is deployed", async () => {
    const config = { repository: `${open.host}/team/both`, platforms: ["linux/amd64", "linux/arm64"] };
    const { digest } = await workshop.build(tree, config);
    const index = (await (
      await fetch(`http://${open.host}/v2/team/both/manifests/${digest}`, {
        headers: { accept: "application/vnd.oci.image.index.v1+json" },
      })
    ).json()) as {
      readonly manifests: readonly { readonly platform: { readonly architecture: string } }[];
    };
    expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    expect((await workshop.build(tree, config, { store: "other" })).digest).toBe(digest);
    workshop.buildah("rmi", "--all", "--force");
  });

  test("a moved tag leads nowhere new, and a manifest that was deleted is gone", async () => {
    const config = { repository: `${open.host}/team/moved` };
    const first = await workshop.build(tree, config);
    const second = await workshop.build(tree, { ...config, args: { SAYS: "moved" } });
    expect(await find(config)).toBe(second.digest);
    // what was pushed is remembered by its digest
    expect((await workshop.build(tree, config)).log).toContain(
      `an attempt that was lost has pushed it: ${config.repository}@${first.digest}`,
    );
    expect(await has(first.digest, config)).toBe(true);
    await open.delete("team/moved", first.digest);
    expect(await has(first.digest, config)).toBe(false);
    expect(await has(second.digest, config)).toBe(true);
    expect((await workshop.build(tree, config)).digest).toBe(first.digest);
  });

  test("a registry that is down is no registry without images, and comes back with them", async () => {
    const registry = await ownRegistry();
    const config = { repository: `${registry.host}/harbor` };
    const { digest } = await workshop.build(tree, config, { store: "down" });
    await registry.stop();
    await expect(has(digest, config)).rejects.toThrow(`${registry.host} cannot be reached: ECONNREFUSED`);
    await expect(find(config)).rejects.toThrow("ECONNREFUSED");
    await expect(workshop.build(tree, config, { store: "down" })).rejects.toThrow("ECONNREFUSED");
    await expect(workshop.build(tree, config, { store: "fresh" })).rejects.toThrow("connection refused");
    await registry.start();
    expect(await has(digest, config)).toBe(true);
  });

  test("what cannot be built says so, and leaves nothing under the tag", async () => {
    const config = { repository: `${open.host}/team/broken`, file: "Broken" };
    writeFileSync(join(tree, "Broken"), "FROM scratch\nCOPY nowhere /\n");
    await expect(workshop.build(tree, config)).rejects.toThrow(/buildah build .* ended with exit code/s);
    await expect(workshop.build(tree, { ...config, file: "Missing" })).rejects.toThrow("Missing");
    expect(await find(config)).toBeNull();
  });

  test("a registry by HTTPS is trusted by its own authority's certificate, and not without", async () => {
    const registry = await ownRegistry({ tls: true });
    const config = { repository: `${registry.host}/harbor`, insecure: false };
    await expect(find(config)).rejects.toThrow(`the certificate of ${registry.host} is not trusted`);
    const home = workshop.home({ [`.config/containers/certs.d/${registry.host}/ca.crt`]: registry.authority() });
    serverEnv({ HOME: home });
    expect(await find(config)).toBeNull();
    const { digest } = await workshop.build(tree, config, { env: { HOME: home } });
    expect(await find(config)).toBe(digest);
  });

  const auth = { auth: Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString("base64") };

  test.each<readonly [string, string]>([
    ["Docker's config", ".docker/config.json"],
    ["the containers tools'", ".config/containers/auth.json"],
  ])("the login comes from %s", async (_, file) => {
    const HOME = workshop.home({ [file]: { auths: { [guarded.host]: auth } } });
    const config = { repository: `${guarded.host}/${file.replaceAll(/[^a-z]/g, "")}` };
    const { digest, log } = await workshop.build(tree, config, { env: { HOME } });
    expect(log).not.toContain("--authfile");
    serverEnv({ HOME });
    expect(await has(digest, config)).toBe(true);
  });

  test("the login comes from a credential helper, or a variable, and is in no argument and no log", async () => {
    const helper = `#!/bin/sh\nread server\n[ "$server" = "${guarded.host}" ] || { echo "credentials not found in native keychain"; exit 1; }\necho '{"Username":"${LOGIN.user}","Secret":"${LOGIN.password}"}'\n`;
    const home = workshop.home({
      "bin/docker-credential-desk": helper,
      ".docker/config.json": { credHelpers: { [guarded.host]: "desk" } },
    });
    const ways = [
      { HOME: home, PATH: `${home}/bin:${process.env["PATH"]}` },
      { HOME: workshop.home({}), DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [guarded.host]: auth } }) },
    ];
    for (const [i, env] of ways.entries()) {
      const config = { repository: `${guarded.host}/helped-${i}` };
      const { digest, log } = await workshop.build(tree, config, { env });
      expect(log).not.toContain(LOGIN.password);
      expect(log).not.toContain(auth.auth);
      serverEnv(env);
      expect(await has(digest, config)).toBe(true);
      vi.unstubAllEnvs();
    }
  });

  test("without a login, or with a wrong one, nothing is pushed, and nobody can tell what is there", async () => {
    const config = { repository: `${guarded.host}/refused` };
    await expect(workshop.build(tree, config)).rejects.toThrow(/authentication required|unauthorized/);
    serverEnv({ HOME: workshop.home({}), XDG_RUNTIME_DIR: "/nowhere" });
    await expect(find(config)).rejects.toThrow(`${guarded.host} asks for a login, and there is none for it: docker login ${guarded.host}`);
    const wrong = workshop.home({
      ".docker/config.json": { auths: { [guarded.host]: { auth: Buffer.from("robot:wr0ng").toString("base64") } } },
    });
    await expect(workshop.build(tree, config, { env: { HOME: wrong } })).rejects.toThrow(/unauthorized/);
    serverEnv({ HOME: wrong });
    const error: unknown = await find(config)?.catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/does not take the login from .*config\.json \(401/);
    expect(String(error)).not.toContain("wr0ng");
  });

  test("Harbor's mega image: the same digest twice, and its services run in it", async () => {
    const config = { repository: `${open.host}/harbor/mega`, args: { BASE: workshop.base() } };
    const { digest } = await workshop.build(HARBOR, config);
    expect((await workshop.build(HARBOR, config, { store: "other" })).digest).toBe(digest);
    const image = `${config.repository}@${digest}`;
    const container = workshop.buildah("from", "--tls-verify=false", image);
    const run = (...command: readonly string[]) => workshop.buildah("run", container, "--", ...command);
    expect(JSON.parse(run("node", "-p", "fs.readFileSync('dist/api.json', 'utf8')"))).toMatchObject({ service: "api" });
    expect(run("node", "-p", "fs.readdirSync('.').join()")).toBe(
      "apps,dist,package.json,packages,services,tools,_gitignore,history".split(",").toSorted().join(),
    );
    expect(
      run(
        "node",
        "-e",
        "setTimeout(() => fetch('http://127.0.0.1:8080/version').then((a) => a.json()).then((v) => { console.log(v.service); process.exit(); }), 300); process.env.PORT = '8080'; import('./services/api/server.js')",
      ),
    ).toContain("api");
    workshop.buildah("rm", container);
  });
});
