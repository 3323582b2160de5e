import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { adapterSchemas } from "../../../src/app/registry.ts";
import type { Config } from "../../../src/core/config/config.ts";
import { gateName } from "../../../src/core/config/github.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { generateWorkflows } from "../../../src/github/workflows/generate.ts";
import type { Guards } from "./checks.ts";
import type { Files } from "./workflow.ts";

const HARBOR = join(import.meta.dirname, "../../../examples/harbor/sluice.yaml");

/** A config from the text of its file, or from what its file would hold. Rejects where it has errors. */
export async function configOf(file: string | object): Promise<Config> {
  const text = typeof file === "string" ? file : stringify(file);
  const { config, diagnostics } = parseConfig(text, "sluice.yaml", await adapterSchemas(), hostZones);
  if (config === null) throw new Error(diagnostics.map(({ line, message }) => `${line}: ${message}`).join("\n"));
  return config;
}

export const filesOf = async (file: string | object, directory = ""): Promise<Files> => generateWorkflows(await configOf(file), directory);

export const harbor = (): string => readFileSync(HARBOR, "utf8");

/** With more in its `github`, such as `wait: rule`. */
export const harborWith = (github: object): object => {
  const file = parse(harbor()) as { readonly github?: object };
  return { ...file, github: { ...file.github, ...github } };
};

/** Where people have to be asked, by what policy says. */
export function guardsOf(config: Config): Guards {
  const asked = Object.entries(config.policy.environments).filter(([, { approval }]) => approval !== null);
  return { gates: new Map(asked.map(([id]) => [id, gateName(id)])), held: config.github?.wait === "rule" };
}

/** A repository of `count` services with all that the generator knows: levels, services that lack environments, images, credentials, names like keywords. */
export function manyServices(count: number, github: object = {}): object {
  const names = ["true", "on", "null", "1", "yes", "no", ...Array.from({ length: count }, (_, i) => `service-${i}`)].slice(0, count);
  const services = Object.fromEntries(names.map((name, i) => [name, serviceAt(name, i, names)]));
  return {
    version: 1,
    project: "many",
    github,
    teams: { release: ["ana", "ben"] },
    environments: {
      devnet: { order: "any", credentials: ["DEVNET_TOKEN", "CLOUD_TOKEN"] },
      "1e3": { needs: ["devnet"], credentials: ["CLOUD_TOKEN"] },
      mainnet: {
        needs: ["devnet", "1e3"],
        approval: { approvers: ["team:release"] },
        rollback: { approvers: ["ana"] },
        credentials: ["MAINNET_TOKEN", "CLOUD_TOKEN", "GITHUB_TOKEN"],
      },
    },
    artifacts: {
      mega: { image: { repository: "registry.example/many", context: "." } },
      site: { perEnvironment: true, bundle: { path: "." } },
    },
    services,
  };
}

/** As `manyServices`, with all logins that a project may have, and objects that hold secrets. */
export function withLogins(count: number): object {
  const at = (action: string): string => `${action}@${"1".repeat(40)}`;
  const registry = {
    uses: at("docker/login-action"),
    with: { registry: "registry.example", username: "${{ github.actor }}", password: "${{ secrets.REGISTRY_TOKEN }}" },
  };
  const aws = {
    name: "Log in to the cloud",
    uses: at("aws-actions/configure-aws-credentials"),
    with: { "role-to-assume": "${{ vars.ROLE }}", "aws-region": "eu-central-1", "role-duration-seconds": 900 },
  };
  const own = { run: "./login.sh", env: { KEY: "${{ secrets.LOGIN_KEY }}" } };
  const setup = {
    build: { environment: "builds", steps: [registry] },
    deploy: { idToken: true, sets: ["CLOUD_TOKEN"], steps: [aws, own] },
  };
  const many = manyServices(count, { setup }) as { readonly services: object };
  const chart = { tier: "backend", needs: [], deploy: { helm: { chart: "charts/api" } } };
  return { ...many, services: { ...many.services, chart } };
}

function serviceAt(name: string, i: number, names: readonly string[]): object {
  const frontend = i % 10 === 9;
  const before = names[i - 10];
  const environments = [["devnet", "1e3", "mainnet"], ["devnet", "mainnet"], ["1e3", "mainnet"], ["mainnet"]][i % 4];
  return {
    tier: frontend ? "frontend" : "backend",
    ...(i % 7 === 3 ? {} : { paths: [`services/${name}`, `libs/[${i}]+!`] }),
    ...(i % 5 === 2 ? {} : { artifact: frontend ? "site" : "mega" }),
    environments,
    ...(frontend ? {} : { needs: i % 3 === 0 && before !== undefined && i % 10 !== 9 ? [before] : [] }),
    ...(i % 20 === 11 ? { manual: true } : {}),
    deploy: { command: { apply: ["./deploy.sh", name] } },
  };
}
