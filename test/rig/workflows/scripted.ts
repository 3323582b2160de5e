import type { Config, EnvironmentId, ServiceId } from "../../../src/core/config/config.ts";
import { environmentsOf, Needs } from "../../../src/core/plan/needs.ts";
import type { Command, Ended, World } from "./simulation.ts";

type Script = {
  /** Deploys that fail, as targets. */
  readonly fails?: readonly string[];
  /** Targets that are in no plan, such as pinned ones. */
  readonly leftOut?: readonly string[];
  /** Commands that fail, such as `plan` or `resolve devnet`. */
  readonly broken?: readonly string[];
  /** What `resolve` and `rollback` say, instead of what policy says: `direction`, `gate`. */
  readonly says?: Readonly<Record<string, string>>;
  readonly gate?: World["gate"];
  readonly rule?: World["rule"];
  readonly ends?: World["ends"];
  readonly crowded?: World["crowded"];
  readonly choose?: World["choose"];
  readonly secrets?: World["secrets"];
};
type Chunk = { readonly name: string; readonly services: readonly ServiceId[] };
export type Act = { readonly what: string; readonly env: Readonly<Record<string, string>>; readonly title: string };

const COMMIT = "c".repeat(40);

/** What `sluice ci` commands answer, scripted: for the wiring of workflows, whatever the commands themselves do. Remembers them in their order. */
export class Scripted implements World {
  /** Such as `plan`, `gate mainnet`, `deploy api@mainnet`, `rollback api@mainnet`. */
  readonly acts: Act[] = [];
  readonly #config: Config;
  readonly #script: Script;
  readonly #down = new Set<string>();
  readonly gate?: NonNullable<World["gate"]>;
  readonly rule?: NonNullable<World["rule"]>;
  readonly ends?: NonNullable<World["ends"]>;
  readonly crowded?: NonNullable<World["crowded"]>;
  readonly choose?: NonNullable<World["choose"]>;
  readonly secrets?: NonNullable<World["secrets"]>;

  constructor(config: Config, script: Script = {}) {
    this.#config = config;
    this.#script = script;
    if (script.gate) this.gate = script.gate;
    if (script.rule) this.rule = script.rule;
    if (script.ends) this.ends = script.ends;
    if (script.crowded) this.crowded = script.crowded;
    if (script.choose) this.choose = script.choose;
    if (script.secrets) this.secrets = script.secrets;
  }

  get done(): readonly string[] {
    return this.acts.map(({ what }) => what);
  }

  /** What has failed is as if it had been mended. */
  forgetFailures(): void {
    this.#down.clear();
  }

  command({ run, env, job }: Command): Ended {
    const [, name = "", rest = ""] = / ci (\w+)(.*)/.exec(run) ?? [];
    if (name === "") return { ok: !run.includes("exit 1") };
    const environment = /--env (\S+)/.exec(rest)?.[1]?.replace('"$SLUICE_ENV"', env["SLUICE_ENV"] ?? "") ?? "";
    const note = (what: string): void => void this.acts.push({ what, env, title: job.title });
    if (name === "deploy") return this.#deploy(environment, env, note);
    const what = environment === "" ? name : `${name} ${environment}`;
    note(what);
    if (this.#script.broken?.includes(what)) return { ok: false };
    return { ok: true, outputs: this.#answer(name, environment, env, rest) };
  }

  #answer(name: string, environment: EnvironmentId, env: Readonly<Record<string, string>>, rest: string): Readonly<Record<string, string>> {
    const levels = Number(/--waves (\d+)/.exec(rest)?.[1] ?? 0);
    const only = /--service (\S+)/.exec(rest)?.[1];
    const policy = this.#config.policy.environments[environment];
    switch (name) {
      case "plan": {
        const waves = Object.keys(this.#config.policy.environments).map((id) => [id, this.#waves(id, levels, only)]);
        return { commit: COMMIT, waves: JSON.stringify(Object.fromEntries(waves)), artifacts: '["mega"]' };
      }
      case "build":
        return { artifacts: '{"mega":"sha256:1"}' };
      case "resolve": {
        const handed = env["SLUICE_WAVES"] ? (JSON.parse(env["SLUICE_WAVES"]) as Readonly<Record<string, object>>)[environment] : undefined;
        const waves = JSON.stringify(handed ?? this.#waves(environment, levels));
        const gate = String(policy?.approval !== null);
        return {
          commit: COMMIT,
          waves,
          artifacts: env["SLUICE_ARTIFACTS"] || "{}",
          build: handed === undefined ? '["mega"]' : "[]",
          direction: "deploy",
          to: "",
          gate,
          ...this.#script.says,
        };
      }
      case "rollback": {
        const { waves, n } = this.#waves(environment, levels);
        const back = JSON.stringify({ n: n.toReversed(), waves: waves.toReversed() });
        return { commit: COMMIT, waves: back, to: "snapshot-1", gate: String(policy?.rollback !== null), ...this.#script.says };
      }
      default:
        return {};
    }
  }

  /** As the runner: what needs a target that has failed is refused. */
  #deploy(environment: EnvironmentId, env: Readonly<Record<string, string>>, note: (what: string) => void): Ended {
    const { services } = JSON.parse(env["SLUICE_CHUNK"] ?? "") as Chunk;
    const needs = new Needs(this.#config, this.#config.policy);
    let ok = true;
    for (const id of services) {
      const service = this.#config.services[id];
      const target = `${id}@${environment}`;
      const refused = service === undefined || needs.of(service, environment).some((need) => this.#down.has(`${need}@${environment}`));
      note(`${refused ? "refused" : env["SLUICE_DIRECTION"]} ${target}`);
      if (!refused && this.#script.fails?.includes(target) !== true) continue;
      this.#down.add(target);
      ok = false;
    }
    return { ok };
  }

  #waves(
    environment: EnvironmentId,
    count: number,
    only?: ServiceId,
  ): { readonly n: readonly number[]; readonly waves: readonly Chunk[][] } {
    const needs = new Needs(this.#config, this.#config.policy);
    const waves = Array.from({ length: count }, (): Chunk[] => []);
    const level = (id: ServiceId): number => {
      const service = this.#config.services[id];
      return service === undefined ? 0 : Math.max(0, ...needs.of(service, environment).map((need) => 1 + level(need)));
    };
    for (const [id, service] of Object.entries(this.#config.services)) {
      if (!environmentsOf(service, this.#config.policy).includes(environment)) continue;
      if ((only !== undefined && only !== id) || this.#script.leftOut?.includes(`${id}@${environment}`)) continue;
      waves[only === undefined ? level(id) : 0]?.push({ name: id, services: [id] });
    }
    return { n: waves.map(({ length }) => length), waves };
  }
}
