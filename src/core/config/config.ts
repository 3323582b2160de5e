/** The parsed `sluice.yaml`. Durations are milliseconds; every name has been checked to exist. Source of the rules: docs/glossary.md, section 2 of the contract. */

export type ServiceId = string;
export type EnvironmentId = string;
/** `service@environment`, e.g. `api@mainnet`. */
export type TargetId = `${ServiceId}@${EnvironmentId}`;
/** A full git commit id. */
export type CommitId = string;
/** `sha256:` and 64 hex digits. */
export type Digest = string;
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export type Tier = "backend" | "frontend";

export type Config = {
  readonly project: string;
  readonly artifacts: Readonly<Record<string, Artifact>>;
  readonly services: Readonly<Record<ServiceId, Service>>;
  /** What this file says about policy. A deploy reads it from the policy ref's file, never from the release's. */
  readonly policy: Policy;
  /** How GitHub's workflows are written; read when they are, and never by a deploy. Absent: there are none. */
  readonly github?: Github;
};

export type Github = {
  /** Labels of the runners. */
  readonly runner: readonly string[];
  /** The command that brings `sluice` to a runner. */
  readonly install: string;
  /** How `sluice` is called there. */
  readonly command: string;
  /** Whose pushes deploy. */
  readonly branch: string;
  /** What a push starts: workflows, or the server's deploy all. */
  readonly push: { readonly all: boolean; readonly services: boolean; /** `sluice serve` deploys all. */ readonly server: boolean };
  /** null: as many as the services have levels. */
  readonly waves: number | null;
  /** Which pull requests a server tells what a merge would deploy: none, those of the repository's own branches, or all, from forks too. */
  readonly pullRequests: "none" | "own" | "all";
  /** Who waits for what a service needs of other workflow runs: a runner, or GitHub until the server's rule lets the job start. */
  readonly wait: "runner" | "rule";
  /** The slug of the App whose decisions at gates count: that of `sluice serve`. null: none's do. */
  readonly app: string | null;
  readonly setup: GithubSetup;
};
/** Steps of a project's own, such as logins: `build` where artifacts are made or looked for, `deploy` where something is deployed. */
export type GithubSetup = { readonly [part in "build" | "deploy"]: GithubPart };
type GithubPart = {
  /** GitHub's environment, none of policy's, in which the jobs are; null: in none, or in that of what they deploy. */
  readonly environment: string | null;
  /** Whether the jobs may ask for an identity token. */
  readonly idToken: boolean;
  /** Variables that the steps set. */
  readonly sets: readonly string[];
  readonly steps: readonly GithubStep[];
};
/** An action or a command. */
export type GithubStep = {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
};

/** All of `environments:` and `teams:`. Environments keep the order in which they are declared, which is a topological order of `needs`. */
export type Policy = {
  readonly teams: Readonly<Record<string, readonly string[]>>;
  readonly environments: Readonly<Record<EnvironmentId, Environment>>;
};

export type Environment = {
  readonly needs: readonly EnvironmentId[];
  /** Refs (globs) from one of which a release must be reachable; empty: any commit. */
  readonly from: readonly string[];
  /** Persons and `team:NAME`; empty: anyone who reaches the store. */
  readonly deployers: readonly string[];
  readonly approval: Approval | null;
  /** Approval that a rollback needs; null: none for those who may deploy there. */
  readonly rollback: Approval | null;
  readonly promotion: "wave" | "stream";
  readonly superseding: "supersede" | "queue";
  /** `any` lifts forward only (devnet). */
  readonly order: "forward" | "any";
  readonly onFailure: "stop" | "rollback";
  readonly needsTimeoutMs: number;
  /** Windows in which no deploy starts. */
  readonly freeze: readonly Freeze[];
  /** Persons and `team:NAME` who may pass a gate in an emergency; empty: nobody. */
  readonly emergency: readonly string[];
  readonly allow: {
    readonly contexts: readonly string[] | null;
    readonly namespaces: readonly string[] | null;
    readonly drivers: readonly string[] | null;
    /** Whether objects of Kubernetes that are in no namespace may be deployed: not said, they may where `namespaces` is not said either. */
    readonly clusterScoped: boolean;
  };
  /** The only cluster that targets here may be in, by the UID of its namespace `kube-system`; absent: any. */
  readonly cluster?: string;
  /** Plain values that attempts here get as environment variables, usable as `${variables.NAME}`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the server's own environment variables that attempts here may see; their values are masked in logs and messages, unless they say where a file is (`KUBECONFIG`). */
  readonly credentials: readonly string[];
};

/** One window, or one that comes again: a cron expression says when it begins, in a time zone of the IANA database. */
export type Freeze = { readonly reason: string | null } & (
  | { readonly from: number; readonly until: number }
  | { readonly cron: string; readonly zone: string; readonly lastsMs: number }
);

export type Approval = {
  /** Persons and `team:NAME`; empty: anyone in `deployers`. */
  readonly approvers: readonly string[];
  readonly count: number;
  /** Whether who started the run may approve it. */
  readonly self: boolean;
  /** Whether it may be decided before every member has arrived. */
  readonly early: boolean;
  /** How long a decision holds; null: no end. */
  readonly expiresMs: number | null;
};

/** Builder name and its own config, checked by that builder's schema. */
export type Artifact = {
  readonly builder: string;
  readonly config: JsonObject;
  readonly perEnvironment: boolean;
  readonly timeoutMs: number;
  /** The repository of the container image that it is, such as `registry.example/harbor`, variables not filled in; absent where it is none. */
  readonly image?: string;
  /** What somebody else pushes, such as `registry.example/harbor:${commit}`, and is waited for; absent where it is built. */
  readonly awaits?: string;
};

export type Service = {
  readonly tier: Tier;
  /** From the folder of the file, which is `.`; empty: the whole source, also what lies outside of that folder. */
  readonly paths: readonly string[];
  readonly artifact: string | null;
  /** In policy order; null: every environment. */
  readonly environments: readonly EnvironmentId[] | null;
  /** null: not said, which for a frontend means every backend. */
  readonly needs: readonly ServiceId[] | null;
  readonly deploy: { readonly driver: string; readonly config: JsonObject; readonly timeoutMs: number };
  readonly verify: Verify | null;
  readonly job: boolean;
  /** Kept out of deploy all. */
  readonly manual: boolean;
  /** Paths whose changes no rollback takes back, such as migrations of a database. */
  readonly irreversible: readonly string[];
};

export type Verify = {
  /** A URL to GET, or null where the driver's own readiness is all there is to check. */
  readonly http: string | null;
  /** Top-level keys of the JSON answer and what they must be. */
  readonly expect: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** How long the checks are watched before the release counts as good; 0: not at all. */
  readonly soakMs: number;
};

/** The time zones that the host knows: handed in, since the core has no host. */
export type Zones = {
  has(name: string): boolean;
  /** Those to suggest when a name is not known. */
  names(): readonly string[];
};

/** What a driver's or builder's own schema says, so that the core can check a config without importing drivers. */
export type AdapterSchema = {
  readonly name: string;
  readonly kind: "driver" | "builder";
  /** JSON Schema of the adapter's part of the file, merged into the published schema. */
  readonly jsonSchema: JsonObject;
  /** Problems in a config, each with the path of keys to where it is. */
  check(config: JsonObject): readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
  /** Drivers: what outside this config would take for its own, in words that two configs share exactly where they would meet, such as `helm release api in namespace harbor`. Variables are filled in as far as they are known. Only for a config without problems. */
  claims?(config: JsonObject, service: ServiceId): readonly string[];
  /** Builders of container images: the repository that a config pushes to, variables not filled in. Only for a config without problems. */
  image?(config: JsonObject): string;
  /** What a config says that somebody else makes, by the reference that is waited for, variables not filled in; null where it is built. Only for a config without problems. */
  awaits?(config: JsonObject): string | null;
};
