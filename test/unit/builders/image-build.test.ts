import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { builder } from "../../../src/builders/image/index.ts";
import type { JsonObject } from "../../../src/core/config/config.ts";
import { type Answer, type Asked, basic, DIGEST, found, homeWith, MANIFEST, missing, program, serve, sha256 } from "./image-rig.ts";
import { contextOf, inputOf, temporaryDirectory } from "./rig.ts";

const COMMIT = "c".repeat(40);
const OTHER = MANIFEST.replace("{}", "[]");

/** A registry that takes whatever is put there, one manifest a reference and its digest. */
async function registry() {
  const kept = new Map<string, string>();
  const answer = ({ method, url, body }: Asked): Answer => {
    if (method !== "PUT") return kept.has(url) ? found(kept.get(url)) : missing;
    kept.set(url, body);
    kept.set(url.replace(/[^/]+$/, sha256(body)), body);
    return { status: 201 };
  };
  const { host, asked } = await serve(answer);
  const pushes = () => asked.filter(({ method }) => method === "PUT").length;
  return { host, kept, asked, pushes };
}

/** Pushes a manifest as `$SLUICE_IMAGE`, and then does what is said. */
const push = (then: string, manifest = MANIFEST) => [
  "node",
  "-e",
  `const [, host, path, tag] = /^([^/]+)\\/(.*):([^:]+)$/.exec(process.env.SLUICE_IMAGE);
   fetch(\`http://\${host}/v2/\${path}/manifests/\${tag}\`, { method: "PUT", body: ${JSON.stringify(manifest)} }).then(() => { ${then} })`,
];
const says = (digest: string) => `fs.writeFileSync(process.env.SLUICE_DIGEST_FILE, "pushed ${digest}\\n")`;

function build(config: JsonObject, { tree = temporaryDirectory(), home = temporaryDirectory(), attempt = "r1-7-N" } = {}) {
  const context = contextOf(home);
  return { home, context, done: builder.build(inputOf(tree, config, attempt), context) };
}

describe("any program", () => {
  test("pushes what it is told to, and writes the digest", async () => {
    const { host } = await registry();
    const { done, home, context } = build({ repository: `${host}/team/harbor`, command: push(says(DIGEST)) });
    expect(await done).toEqual({ digest: DIGEST });
    expect(context.lines.at(-1)).toBe(`pushed ${host}/team/harbor@${DIGEST}`);
    expect(readdirSync(join(home, "builders", "image", "drafts"))).toEqual([]);
  });

  test("or writes none, and the registry is asked for what it has pushed", async () => {
    const { host } = await registry();
    expect(await build({ repository: `${host}/harbor`, tag: "one", command: push("") }).done).toEqual({ digest: DIGEST });
  });

  test("knows the commit's time, and is told of no login that holds one", async () => {
    vi.stubEnv("DOCKER_AUTH_CONFIG", "{}");
    vi.stubEnv("DOCKER_CONFIG", "/somewhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { host } = await registry();
    const at = join(temporaryDirectory(), "seen");
    await build({ repository: `${host}/harbor`, command: push(`fs.writeFileSync(${JSON.stringify(at)}, JSON.stringify(process.env))`) })
      .done;
    const seen = JSON.parse(readFileSync(at, "utf8")) as Record<string, string>;
    expect(seen).toMatchObject({ SOURCE_DATE_EPOCH: "1700000000", DOCKER_CONFIG: "/somewhere" });
    expect(seen).not.toHaveProperty("DOCKER_AUTH_CONFIG");
  });

  test("whose word the registry does not bear out has made nothing", async () => {
    const { host } = await registry();
    const repository = `${host}/harbor`;
    await expect(build({ repository, command: ["node", "-e", ""] }).done).rejects.toThrow(
      `whether it has pushed ${repository}:${COMMIT} cannot be told: there is none`,
    );
    await expect(build({ repository, command: push(says(sha256(OTHER))) }).done).rejects.toThrow(
      `${repository} has no ${sha256(OTHER)}, though that is said to have been pushed there`,
    );
    await expect(build({ repository, command: ["node", "-e", ""] }).done).rejects.toThrow(
      `cannot be told: it is ${DIGEST}, as it was before`,
    );
  });

  test("sees files as git knows them, whatever this user's mask is", async () => {
    const tree = temporaryDirectory();
    mkdirSync(join(tree, "sub"));
    writeFileSync(join(tree, "sub", "plain"), "");
    writeFileSync(join(tree, "program"), "");
    for (const [name, mode] of [
      ["sub/plain", 0o600],
      ["program", 0o700],
      ["sub", 0o700],
    ] as const)
      chmodSync(join(tree, name), mode);
    const { host } = await registry();
    const at = join(temporaryDirectory(), "seen");
    const look = `fs.writeFileSync(${JSON.stringify(at)}, ["sub", "sub/plain", "program"].map((f) => (fs.statSync(f).mode & 0o777).toString(8)).join(" "))`;
    await build({ repository: `${host}/harbor`, command: push(look) }, { tree }).done;
    expect(readFileSync(at, "utf8")).toBe("755 644 755");
  });
});

describe("an attempt after one that was lost", () => {
  test("does not build again what that one has pushed", async () => {
    const { host, pushes } = await registry();
    const config = { repository: `${host}/harbor`, command: push(says(DIGEST)) };
    const { home, done } = build(config);
    await done;
    const again = build(config, { home, attempt: "r1-8-N" });
    expect(await again.done).toEqual({ digest: DIGEST });
    expect(pushes()).toBe(1);
    expect(again.context.lines).toEqual([`an attempt that was lost has pushed it: ${host}/harbor@${DIGEST}`]);
    await build({ ...config, tag: "other" }, { home, attempt: "r1-9-N" }).done;
    expect(pushes()).toBe(2);
  });

  test("builds where the registry does not have it any more, and says so where that cannot be told", async () => {
    const { host, kept, pushes } = await registry();
    const config = { repository: `${host}/harbor`, command: push(says(DIGEST)) };
    const { home, done } = build(config);
    await done;
    kept.clear();
    expect(await build(config, { home, attempt: "r1-8-N" }).done).toEqual({ digest: DIGEST });
    expect(pushes()).toBe(2);
  });

  test("goes by no tag: a moved one is not what was built", async () => {
    const { host, kept, pushes } = await registry();
    kept.set(`/v2/harbor/manifests/${COMMIT}`, OTHER);
    expect(await build({ repository: `${host}/harbor`, command: push(says(DIGEST)) }).done).toEqual({ digest: DIGEST });
    expect(pushes()).toBe(1);
  });

  test("removes what is left of attempts of long ago, logins among it", async () => {
    const { host } = await registry();
    const home = temporaryDirectory();
    const drafts = join(home, "builders", "image", "drafts");
    for (const name of ["old", "new"]) mkdirSync(join(drafts, name), { recursive: true });
    utimesSync(join(drafts, "old"), 0, 0);
    await build({ repository: `${host}/harbor`, command: push("") }, { home }).done;
    expect(readdirSync(drafts)).toEqual(["new"]);
  });
});

describe("Docker", () => {
  /** Stands for the program where no engine can run: keeps what it was told, and pushes. */
  const docker = (driver: string, log: string) =>
    program(
      "docker",
      `const fs = require("node:fs");
       const args = process.argv.slice(2);
       fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify([args, process.env.DOCKER_AUTH_CONFIG ?? null, process.env.SOURCE_DATE_EPOCH ?? null]) + "\\n");
       if (args[1] === "inspect") { console.log("Name: default\\nDriver:        ${driver}\\n"); process.exit(${driver === "" ? 1 : 0}); }
       const [, host, path, tag] = /name=([^/]+)\\/(.*?):([^:,]+),/.exec(args.find((arg) => arg.startsWith("type=image")));
       fetch(\`http://\${host}/v2/\${path}/manifests/\${tag}\`, { method: "PUT", body: ${JSON.stringify(MANIFEST)} }).then(() =>
         fs.writeFileSync(args[args.indexOf("--metadata-file") + 1], JSON.stringify({ "containerimage.digest": ${JSON.stringify(DIGEST)} })));`,
    );
  const withDocker = (driver: string, more: NodeJS.ProcessEnv = {}) => {
    const log = join(temporaryDirectory(), "log");
    const env = {
      PATH: [docker(driver, log), join(process.execPath, "..")].join(delimiter),
      HOME: "/nowhere",
      XDG_RUNTIME_DIR: "/nowhere",
      ...more,
    };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    return () =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as [string[], string | null, string | null]);
  };

  test("by buildx, with the commit's time in files and image, and nothing of the attempt", async () => {
    const { host } = await registry();
    const calls = withDocker("docker-container");
    const config = {
      repository: `${host}/harbor`,
      file: "deploy/Dockerfile",
      target: "web",
      args: { A: "1 2" },
      platforms: ["linux/amd64", "linux/arm64"],
      source: "https://git.example/harbor",
    };
    expect(await build(config).done).toEqual({ digest: DIGEST });
    const [, [args, auth, epoch]] = calls() as [unknown, [string[], string | null, string | null]];
    expect(args.slice(args.indexOf("--output") + 1)).toEqual([
      `type=image,name=${host}/harbor:${COMMIT},push=true,oci-mediatypes=true,rewrite-timestamp=true,registry.insecure=true`,
      "--file",
      "deploy/Dockerfile",
      "--label",
      `org.opencontainers.image.revision=${COMMIT}`,
      "--label",
      "org.opencontainers.image.source=https://git.example/harbor",
      "--build-arg",
      "SOURCE_DATE_EPOCH=1700000000",
      "--build-arg",
      "A=1 2",
      "--target",
      "web",
      "--platform",
      "linux/amd64,linux/arm64",
      ".",
    ]);
    expect(args).toContain("--provenance=false");
    expect([auth, epoch]).toEqual([null, "1700000000"]);
  });

  test("gets a login by its environment alone", async () => {
    const { host } = await registry();
    const calls = withDocker("docker-container", {
      HOME: homeWith({ ".config/containers/auth.json": { auths: { "127.0.0.1": {}, [`${host}`]: { auth: basic("ana", "pw") } } } }),
    });
    const { done, context } = build({ repository: `${host}/harbor` });
    await done;
    const [, [args, auth]] = calls() as [unknown, [string[], string | null]];
    expect(JSON.parse(auth ?? "")).toEqual({ auths: { [host]: { auth: basic("ana", "pw") } } });
    expect([...args, ...context.lines].join(" ")).not.toMatch(/pw|YW5h/);
  });

  test("whose own builder cannot rewrite times is not asked to, and that is said", async () => {
    const { host } = await registry();
    const calls = withDocker("docker");
    const { done, context } = build({ repository: `${host}/harbor` });
    await done;
    expect(JSON.stringify(calls()[1])).not.toContain("rewrite-timestamp");
    expect(context.lines[0]).toContain("another digest elsewhere");
  });

  test("without a builder that answers is none, and what there could be is said", async () => {
    const { host } = await registry();
    withDocker("");
    await expect(build({ repository: `${host}/harbor` }).done).rejects.toThrow(
      "there is no docker with buildx and a builder that answers, buildah or podman here to build",
    );
    await expect(build({ repository: `${host}/harbor`, tool: "podman" }).done).rejects.toThrow("there is no podman here to build");
  });
});

test("has and find ask the registry", async () => {
  const { host, kept } = await registry();
  const config = { repository: `${host}/harbor`, await: true };
  const context = { home: "/nowhere", signal: new AbortController().signal };
  const find = (commit: string) => builder.find?.({ project: "harbor", commit, config }, context);
  expect(await find(COMMIT)).toBeNull();
  kept.set(`/v2/harbor/manifests/${COMMIT}`, MANIFEST);
  kept.set(`/v2/harbor/manifests/${DIGEST}`, MANIFEST);
  expect(await find(COMMIT)).toBe(DIGEST);
  expect(await builder.has(DIGEST, config, "/nowhere")).toBe(true);
  expect(await builder.has(sha256(OTHER), config, "/nowhere")).toBe(false);
  await expect(builder.has(DIGEST, { repository: "127.0.0.1:1/harbor" }, "/nowhere")).rejects.toThrow("127.0.0.1:1 cannot be reached");
});

test("an examination tells what builds, and of each registry whether it answers", async () => {
  const { host } = await registry();
  vi.stubEnv("PATH", program("buildah", `console.log("buildah version 1.28.2 (x)")`) + delimiter + join(process.execPath, ".."));
  onTestFinished(() => void vi.unstubAllEnvs());
  const artifact = (name: string, config: JsonObject) => ({ name, config: { repository: `${host}/${name}`, ...config } });
  const findings = await builder.examine?.(
    [
      artifact("a", {}),
      artifact("b", { tool: "podman" }),
      artifact("c", { await: true }),
      artifact("d", { command: ["make"], repository: "127.0.0.1:1/d" }),
    ],
    { signal: new AbortController().signal, home: "/nowhere" },
  );
  expect(findings?.map(({ level, subject, message }) => `${level} ${subject}: ${message}`)).toEqual([
    "ok buildah: buildah version 1.28.2 (x), builds a",
    "problem image: nothing here builds b: no podman",
    `ok ${host}/a: its registry answers`,
    `ok ${host}/b: its registry answers`,
    `ok ${host}/c: its registry answers`,
    "problem 127.0.0.1:1/d: 127.0.0.1:1 cannot be reached: ECONNREFUSED",
  ]);
});
