import { onTestFinished } from "vitest";
import { projectAt } from "../../../src/app/project.ts";
import { start } from "../../../src/app/serve.ts";
import { type CallOptions, type Ended, jsonOf, type Place, Shop } from "./rig.ts";

export const PERSONS = ["ana", "ben", "cai", "dee", "uma"] as const;
export type Person = (typeof PERSONS)[number];
export type Item = {
  readonly run: string;
  readonly commit: string;
  readonly fingerprint: string;
  readonly set: string;
  readonly members: string[];
};

/** A shop with a server in this process, and persons who each have a token of their own. */
export class Team {
  readonly shop: Shop;
  readonly url: string;

  private constructor(shop: Shop, url: string) {
    this.shop = shop;
    this.url = url;
  }

  /** `mainnet`: what its policy says beside `needs` and variables. Ends with the test. */
  static async open(place: Place, name: string, mainnet: string, services = ""): Promise<Team> {
    const shop = new Shop(place, name);
    shop.write("sluice.yaml", configOf(shop, mainnet, services));
    for (const file of ["api.txt", "web.txt"]) shop.write(file, "one\n");
    shop.commit("a team");
    const env = { ...place.env, SLUICE_TOKEN: PERSONS.map((person) => `${person}:${secretOf(person)}`).join(",") };
    const host = { env, interrupted: new AbortController().signal, out: () => {}, note: () => {} };
    const running = await start(projectAt(shop.root), { host: null, port: 0, policyRef: null, standby: false }, host);
    onTestFinished(() => running.close());
    return new Team(shop, running.server.url);
  }

  as(person: Person, args: readonly string[], options: CallOptions = {}): Promise<Ended> {
    return this.shop.sluice(args, { ...options, env: { SLUICE_URL: this.url, SLUICE_TOKEN: secretOf(person), ...options.env } });
  }

  /** Starts a run and follows it to its end or its first gate. Its id. */
  async deploy(person: Person, ...args: readonly string[]): Promise<string> {
    return jsonOf<{ id: string }>(await this.as(person, ["deploy", ...args, "--json"])).id;
  }

  async approvals(): Promise<readonly Item[]> {
    return jsonOf<Item[]>(await this.as("uma", ["approvals", "--json"]));
  }

  async run(id: string): Promise<{ readonly status: string; readonly steps: readonly { readonly id: string; readonly status: string }[] }> {
    return jsonOf(await this.as("uma", ["run", "show", id, "--json"]));
  }

  /** Follows a run to its end; how it ended. */
  async ended(id: string): Promise<string> {
    await this.as("uma", ["run", "watch", id]);
    return (await this.run(id)).status;
  }

  async statusOf(run: string, step: string): Promise<string | undefined> {
    return (await this.run(run)).steps.find(({ id }) => id === step)?.status;
  }
}

const secretOf = (person: string): string => `secret-of-${person}`;

function configOf(shop: Shop, mainnet: string, services: string): string {
  const script = `${shop.root}/deploy.sh`;
  const service = (tier: string, path: string): string =>
    `{ tier: ${tier}, needs: [], paths: [${path}], deploy: { command: { apply: ["${script}", apply], observe: ["${script}", observe] } } }`;
  return `version: 1
project: shop
environments:
  devnet: { order: any, variables: { LIVE: "${shop.live}", GREETING: hello } }
  mainnet: { needs: [devnet], variables: { LIVE: "${shop.live}" }, ${mainnet} }
services:
  api: ${service("backend", "api.txt")}
  web: ${service("backend", "web.txt")}
${services}`;
}
