import type { AdapterSchema, CommitId, Config, Policy, ServiceId } from "../core/config/config.ts";
import { parseConfig } from "../core/config/parse.ts";
import { RequestError } from "./control.ts";
import type { Source } from "./ports/source.ts";
import { hostZones } from "./zones.ts";

/** Where the project's file lies in its source. */
export const CONFIG_FILE = "sluice.yaml";
const KEPT = 50;

/** The project's file at commits. Each text is parsed once: few commits change it, and that of a thousand services takes a third of a second. */
export class Configs {
  readonly #source: Source;
  readonly #adapters: readonly AdapterSchema[];
  readonly #file: string;
  readonly #known = new Map<CommitId, { readonly text: string; readonly config: Config }>();

  constructor(source: Source, adapters: readonly AdapterSchema[], file: string = CONFIG_FILE) {
    this.#source = source;
    this.#adapters = adapters;
    this.#file = file;
  }

  get file(): string {
    return this.#file;
  }

  /** Rejects with `RequestError` ("invalid-config" with all diagnostics) and `SourceError`. */
  async at(commit: CommitId): Promise<Config> {
    const known = this.#known.get(commit);
    if (known) return known.config;
    const text = await this.#source.file(commit, this.#file);
    const short = commit.slice(0, 12);
    if (text === null) {
      const file = this.#source.folder ? `${this.#source.folder}/${this.#file}` : this.#file;
      throw new RequestError("invalid-config", `commit ${short} has no ${file}`, "sluice init writes one; commit it first");
    }
    const config = this.#sameText(text)?.config ?? this.#parse(text, short);
    if (this.#known.size >= KEPT) this.#known.delete(this.#known.keys().next().value as CommitId);
    this.#known.set(commit, { text, config });
    return config;
  }

  #sameText(text: string) {
    for (const known of this.#known.values()) if (known.text === text) return known;
    return null;
  }

  #parse(text: string, short: string): Config {
    const { config, diagnostics } = parseConfig(text, this.#file, this.#adapters, hostZones);
    if (!config)
      throw new RequestError(
        "invalid-config",
        `${this.#file} of commit ${short} is not valid`,
        "sluice validate shows what is wrong",
        diagnostics,
      );
    return config;
  }

  /** Section 2: policy comes from the policy ref, never from the commit that is deployed. */
  async policy(asked: string | null): Promise<{ readonly policy: Policy; readonly ref: string; readonly commit: CommitId }> {
    const { ref, commit } = await this.#source.policyRef(asked);
    try {
      return { policy: (await this.at(commit)).policy, ref, commit };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      throw new RequestError(
        error.code,
        `the policy ref ${ref}: ${error.message}`,
        "policy is read from there; merge a valid file, or name another ref with --policy-ref",
        error.diagnostics,
        { cause: error },
      );
    }
  }

  /** Paths by service, as the release's own file says; an unreadable file means that every change counts. */
  async paths(release: CommitId): Promise<Readonly<Record<ServiceId, readonly string[]>>> {
    try {
      const { services } = await this.at(release);
      return Object.fromEntries(Object.entries(services).map(([id, service]) => [id, service.paths]));
    } catch (error) {
      if (error instanceof RequestError) return {};
      throw error;
    }
  }
}
