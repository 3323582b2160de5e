import type { Approval, CommitId, Digest, EnvironmentId, JsonObject, ServiceId, TargetId, Tier, Verify } from "../config/config.ts";

/** `build:mega`, `build:web@mainnet`, `gate:mainnet`, `deploy:api@mainnet`, `verify:api@mainnet`, `soak:api@mainnet`. */
export type StepId = string;
export type StepKind = "build" | "gate" | "deploy" | "verify" | "soak";

/** The immutable DAG of steps that brings a set of targets to a release. Data only: what it says is decided before anything runs. */
export type Plan = {
  /** Covers commit, members, definitions and policy. */
  readonly fingerprint: Digest;
  readonly kind: "deploy" | "rollback";
  readonly project: string;
  readonly release: { readonly commit: CommitId };
  readonly promotion: "wave" | "stream";
  readonly artifacts: Readonly<Record<string, PlannedArtifact>>;
  readonly environments: Readonly<Record<EnvironmentId, PlannedEnvironment>>;
  readonly members: Readonly<Record<TargetId, Member>>;
  readonly steps: readonly PlannedStep[];
  /** Services that deploy all leaves out. */
  readonly manual: readonly ServiceId[];
  /** What the plan leaves out or wants noticed, in words for a person. */
  readonly notes: readonly string[];
};

export type PlannedStep = {
  readonly id: StepId;
  readonly kind: StepKind;
  /** Steps of this plan that must have ended before this one starts. */
  readonly needs: readonly StepId[];
  /** Environments of this plan in which every member must have ended first (promotion by wave). */
  readonly after: readonly EnvironmentId[];
  readonly target: TargetId | null;
  readonly environment: EnvironmentId | null;
  readonly artifact: string | null;
};

/** Keyed by the part of the build step's id behind `build:`: `mega`, or `web@mainnet` where the artifact is made per environment. */
export type PlannedArtifact = {
  readonly name: string;
  readonly environment: EnvironmentId | null;
  readonly builder: string;
  readonly config: JsonObject;
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
  /** What somebody else pushes for this commit and this run waits for, without an attempt; absent where it is built. */
  readonly awaits?: string;
};

export type PlannedEnvironment = {
  readonly id: EnvironmentId;
  /** Environments that policy wants passed before, whether or not this run holds them. */
  readonly needs: readonly EnvironmentId[];
  readonly approval: Approval | null;
  /** Persons who may approve, teams resolved; empty: anyone. */
  readonly approvers: readonly string[];
  readonly deployers: readonly string[];
  /** Persons who may pass the gate in an emergency, teams resolved; empty: nobody. */
  readonly emergency: readonly string[];
  readonly promotion: "wave" | "stream";
  readonly order: "forward" | "any";
  readonly superseding: "supersede" | "queue";
  readonly onFailure: "stop" | "rollback";
  readonly needsTimeoutMs: number;
};

/** One target and what is to be there. */
export type Member = {
  readonly target: TargetId;
  readonly service: ServiceId;
  readonly environment: EnvironmentId;
  readonly commit: CommitId;
  readonly definition: Definition;
  /** Digest of the definition; the target fingerprint adds the artifact's digest and the rendered manifest. */
  readonly definitionDigest: Digest;
  /** Key into `artifacts`, or null where nothing is built. */
  readonly artifact: string | null;
  /** Environments of which this service must have been good before, own gaps filled (an environment that it lacks is replaced by that one's needs). */
  readonly promotesFrom: readonly EnvironmentId[];
  /** Rollback only: the recorded digest and fingerprint to return to, and what was live when the plan was made. */
  readonly recorded: { readonly digest: Digest | null; readonly fingerprint: Digest; readonly from: CommitId | null } | null;
};

/** All that a driver needs to bring a target to a release again later: kept with the ledger, so a rollback needs no file of the old commit. */
export type Definition = {
  readonly service: ServiceId;
  readonly environment: EnvironmentId;
  readonly tier: Tier;
  readonly paths: readonly string[];
  readonly driver: string;
  /** The driver's part of the config, variables filled in but for `${digest}`. */
  readonly config: JsonObject;
  readonly verify: Verify | null;
  readonly job: boolean;
  /** Paths whose changes cannot be taken back: no rollback of this service crosses a commit that touches them. Absent in definitions of older stores. */
  readonly irreversible?: readonly string[];
  /** Services that must serve in this environment, frontends' "every backend" resolved; those that do not exist there left out. */
  readonly needs: readonly ServiceId[];
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
  /** The repository of the container image that its artifact is, such as `registry.example/harbor`: what runs is `image@digest`. Absent where the artifact is none, or there is none. */
  readonly image?: string;
  /** The only cluster that this target may be in, by its id; absent where policy names none. */
  readonly cluster?: string;
  /** Which objects policy lets this target have in its cluster; absent where any. */
  readonly allowed?: Allowed;
};

/** Whatever else a chart or a manifest makes is refused. `namespaces`: null for any. */
export type Allowed = { readonly namespaces: readonly string[] | null; readonly clusterScoped: boolean };
