import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loginFor } from "../../../src/builders/image/registry/login.ts";
import { parseRepository } from "../../../src/builders/image/registry/reference.ts";
import { basic, homeWith, program } from "./image-rig.ts";

const HARBOR = "registry.example/team/harbor";
const auth = (user: string, password = "p") => ({ auth: basic(user, password) });
const find = (env: NodeJS.ProcessEnv, repository = HARBOR) => loginFor(parseRepository(repository), env, new AbortController().signal);
/** No other place than these files. */
const at = (home: string, more: NodeJS.ProcessEnv = {}) => ({ HOME: home, XDG_RUNTIME_DIR: join(home, "none"), ...more });

describe("a login", () => {
  test("is found in Docker's config, also where that is elsewhere, and has colons in its password", async () => {
    const config = { auths: { "registry.example": auth("ana", "a:b") } };
    const home = homeWith({ ".docker/config.json": config, "other/config.json": { auths: { "registry.example": auth("ben") } } });
    expect(await find(at(home))).toMatchObject({ kind: "password", username: "ana", password: "a:b", ready: true });
    expect(await find(at(home, { DOCKER_CONFIG: join(home, "other") }))).toMatchObject({ username: "ben" });
  });

  test("comes from the first place that has one: the text, the named file, the containers tools', Docker's", async () => {
    const of = (user: string) => ({ auths: { "registry.example": auth(user) } });
    const home = homeWith({
      named: of("named"),
      "run/containers/auth.json": of("runtime"),
      ".config/containers/auth.json": of("config"),
      ".docker/config.json": of("docker"),
    });
    const env = {
      HOME: home,
      XDG_RUNTIME_DIR: join(home, "run"),
      REGISTRY_AUTH_FILE: join(home, "named"),
      DOCKER_AUTH_CONFIG: JSON.stringify(of("text")),
    };
    const from = async (...without: readonly (keyof typeof env)[]) => {
      const login = await find(
        Object.fromEntries(Object.entries(env).map(([k, v]) => [k, without.includes(k as keyof typeof env) ? undefined : v])),
      );
      return login?.kind === "password" ? [login.username, login.ready] : login;
    };
    expect(await from()).toEqual(["text", false]);
    expect(await from("DOCKER_AUTH_CONFIG")).toEqual(["named", true]);
    expect(await from("DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE")).toEqual(["runtime", true]);
    const { XDG_RUNTIME_DIR: _, ...rest } = at(home);
    expect(await find({ ...rest, XDG_RUNTIME_DIR: join(home, "none") })).toMatchObject({ username: "config" });
  });

  test("that names more of the repository counts before one for its host, and none for another", async () => {
    const auths = {
      "registry.example": auth("host"),
      "registry.example/team": auth("team"),
      "registry.example/team/other": auth("other"),
      "registry.examples": auth("no"),
    };
    const home = homeWith({ ".config/containers/auth.json": { auths } });
    expect(await find(at(home))).toMatchObject({ username: "team" });
    expect(await find(at(home), "registry.example/tea/harbor")).toMatchObject({ username: "host" });
    expect(await find(at(home), "registry.example:5000/harbor")).toBeNull();
  });

  test.each(["https://index.docker.io/v1/", "docker.io", "index.docker.io"])("for Docker's hub is kept as %s", async (key) => {
    const home = homeWith({ ".docker/config.json": { auths: { [key]: auth("hub") } } });
    expect(await find(at(home), "team/harbor")).toMatchObject({ username: "hub" });
    expect(await find(at(home))).toBeNull();
  });

  test("may be a token, and an empty entry is none", async () => {
    const home = homeWith({
      ".docker/config.json": { auths: { "registry.example": { identitytoken: "t" }, "https://other.example/v2/": {} } },
    });
    expect(await find(at(home))).toEqual({ kind: "identity", token: "t", ready: true, from: join(home, ".docker/config.json") });
    expect(await find(at(home), "other.example/x")).toBeNull();
  });

  test.each<readonly [string, unknown, string]>([
    ["no JSON", "{ not", "is no JSON object"],
    ["no password", { auths: { "registry.example": { auth: "bm8=" } } }, "is not a user and a password"],
  ])("in a file that is broken is not taken as none: %s", async (_, config, message) => {
    await expect(find(at(homeWith({ ".docker/config.json": config })))).rejects.toThrow(message);
  });
});

describe("a credential helper", () => {
  /** Answers for one server, and says which it was asked for. */
  const HELPER = `
    let server = "";
    process.stdin.on("data", (text) => (server += text)).on("end", () => {
      if (process.argv[2] !== "get") process.exit(3);
      if (server === "registry.example" || server === "https://index.docker.io/v1/") {
        console.log(JSON.stringify({ ServerURL: server, Username: process.env.HELPER_USER ?? "helped", Secret: "s3cret" }));
      } else {
        console.log("credentials not found in native keychain");
        process.exit(1);
      }
    });`;
  const withHelper = (config: object, source = HELPER, more: NodeJS.ProcessEnv = {}) => {
    const path = program("docker-credential-desk", source);
    return at(homeWith({ ".docker/config.json": config }), { PATH: `${path}:${process.env["PATH"]}`, ...more });
  };

  test("of a host, or for all, is asked by Docker's protocol before what the file holds", async () => {
    const auths = { "registry.example": auth("file"), "other.example": auth("file") };
    for (const config of [
      { auths, credHelpers: { "registry.example": "desk" } },
      { auths, credsStore: "desk" },
    ]) {
      expect(await find(withHelper(config))).toMatchObject({ kind: "password", username: "helped", password: "s3cret", ready: false });
      expect(await find(withHelper(config), "other.example/x")).toMatchObject({ username: "file" });
    }
    expect(await find(withHelper({ credsStore: "desk" }), "team/harbor")).toMatchObject({ username: "helped" });
    expect(await find(withHelper({ credsStore: "desk" }), "other.example/x")).toBeNull();
  });

  test("may hold a token, and gets the server's environment", async () => {
    const env = withHelper({ credsStore: "desk" }, HELPER, { HELPER_USER: "<token>" });
    expect(await find(env)).toMatchObject({ kind: "identity", token: "s3cret" });
  });

  test.each<readonly [string, string, RegExp]>([
    [
      "fails",
      `console.error("secret-in-here"); process.exit(2)`,
      /^the credential helper docker-credential-desk failed \(2\); try it by hand/,
    ],
    ["answers nonsense", `console.log("secret-in-here")`, /answered no Username and Secret/],
    ["answers too much", `process.stdout.write("secret-in-here".repeat(1e5))`, /failed \(ERR_CHILD_PROCESS_STDIO_MAXBUFFER\)/],
  ])("that %s is no missing login, and what it printed is not shown", async (_, source, message) => {
    const error: unknown = await find(withHelper({ credsStore: "desk" }, source)).catch((thrown: unknown) => thrown);
    expect(String((error as Error).message)).toMatch(message);
    expect(String((error as Error).message)).not.toContain("secret-in-here");
  });

  test("that is not there, or is a path, is said", async () => {
    await expect(find(withHelper({ credsStore: "nowhere" }))).rejects.toThrow(
      "there is no credential helper docker-credential-nowhere on the PATH",
    );
    await expect(find(withHelper({ credsStore: "../../bin/sh" }))).rejects.toThrow("is no name of a credential helper");
  });
});
