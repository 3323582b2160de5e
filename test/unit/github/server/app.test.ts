import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appTokens } from "../../../../src/github/api/app-tokens.ts";
import { placeFrom } from "../../../../src/github/api/access.ts";
import { Client } from "../../../../src/github/api/client.ts";
import { forgeOn } from "../../../../src/github/api/forge.ts";
import type { Forge } from "../../../../src/github/forge.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";

let github: Github;
let harbor: Repository;
let privateKey: string;
let now: number;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  privateKey = github.app("sluice", "77", harbor);
  now = Date.now();
});
afterEach(() => github.close());

function forgeOfApp(key = privateKey): Forge {
  const place = placeFrom(github.env("", "acme/harbor"));
  const access = { ...place, token: appTokens({ id: "77", privateKey: key }, place, () => now) };
  return forgeOn(new Client(access, { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000 }), access);
}
const made = (): number => github.log.filter(({ path }) => path.includes("/access_tokens")).length;
const open = (forge: Forge) => forge.openRuns("1".repeat(40));

describe("an App's token", () => {
  it("is made once for what is asked at once and after it", async () => {
    const forge = forgeOfApp();
    await Promise.all([open(forge), open(forge)]);
    await open(forge);
    expect(made()).toBe(1);
    expect(new Set(github.log.filter(({ path }) => path.includes("/runs")).map(({ by }) => by))).toEqual(new Set(["sluice"]));
  });

  it("is made anew before it ends", async () => {
    const forge = forgeOfApp();
    await open(forge);
    now += 54 * 60_000;
    await open(forge);
    expect(made()).toBe(1);
    now += 2 * 60_000;
    await open(forge);
    expect(made()).toBe(2);
  });

  it("that GitHub does not take any more is replaced, and what was asked is done once", async () => {
    const forge = forgeOfApp();
    await open(forge);
    github.expireInstallations();
    const id = await forge.createDeployment({
      sha: "1".repeat(40),
      environment: "devnet",
      task: "sluice:api",
      payload: {},
      description: "",
      production: false,
    });
    expect([harbor.deployments.map((each) => each.id), made()]).toEqual([[id], 2]);
  });

  it("is refused to another key, and where the App is not installed, without a word of the key", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const error = await open(forgeOfApp(other)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ForgeError", code: "unauthorized" });
    harbor.installed.clear();
    const missing = await open(forgeOfApp()).catch((reason: unknown) => reason);
    expect(missing).toMatchObject({ name: "ForgeError", code: "not-found" });
    expect(JSON.stringify([(error as Error).message, (missing as Error).message])).not.toMatch(/PRIVATE|eyJ/);
  });
});
