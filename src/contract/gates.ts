import type { CommitId } from "../core/config/config.ts";

/** Gates on GitHub: environments of it at which a workflow run waits for a reviewer, as the CLI and who looks at GitHub speak of them. */

/** A run that waits at the gate of an environment. */
export type WaitingGate = {
  /** GitHub's number of the workflow run. */
  readonly run: number;
  readonly workflow: string;
  readonly title: string;
  readonly url: string;
  readonly startedBy: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The one that is deployed to, such as `mainnet`. */
  readonly environment: string;
  /** GitHub's id of the gate's environment, `mainnet-approval`. */
  readonly gate: number;
  /** Whether GitHub lets who asks approve it. */
  readonly mayApprove: boolean;
  /** Logins, and teams as `team:NAME`. */
  readonly reviewers: readonly string[];
};
export type WaitingGates = {
  /** `owner/name` */
  readonly repository: string;
  /** Where GitHub's pages are, such as `https://github.com`. */
  readonly server: string;
  readonly commit: CommitId;
  readonly gates: readonly WaitingGate[];
  /** Runs that wait and may be about it, or do something else with it, and why that cannot be told: these are left to people. */
  readonly unclear: readonly { readonly run: number; readonly title: string; readonly url: string; readonly why: string }[];
};
export type GateDecision = { readonly state: "approved" | "rejected"; readonly comment: string };
export type ReviewedGate = WaitingGate & {
  /** `already`: somebody else had done the same. `gone`: it does not wait any more, and was not approved. */
  readonly result: "approved" | "rejected" | "already" | "not-allowed" | "gone" | "failed";
  /** Who did, or why not. */
  readonly why: string;
};

export type StopKind = "hold" | "lock" | "pin";
/** What stands in the way of deploys: on an environment, or on a target. */
export type GithubStop = {
  readonly kind: StopKind;
  /** GitHub's number of its deployment. */
  readonly id: number;
  /** An environment, or a target such as `api@mainnet`. */
  readonly on: string;
  readonly by: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When a lock ends by itself; null: when somebody lifts it. */
  readonly until: number | null;
  /** What a pin keeps its target at. */
  readonly commit: CommitId | null;
};
/** `commit`: as the person gave it, of a pin alone. */
export type AskedStop = Pick<GithubStop, "kind" | "on" | "reason" | "until"> & { readonly commit: string | null };

/** An act of which nobody can tell whether it was applied. */
export type GithubDoubt = { readonly target: string; readonly id: number; readonly commit: CommitId; readonly at: number };

/** GitHub, as a person asks it for a commit. Every method rejects with a `CliError`. */
export type GithubGates = {
  /** `commit`: as the person gave it. `environments`: as sluice.yaml has them; null: all. */
  waiting(commit: string, environments: readonly string[] | null): Promise<WaitingGates>;
  /** All in one act for each run. Never rejects for one of them alone. */
  review(gates: readonly WaitingGate[], decision: GateDecision): Promise<readonly ReviewedGate[]>;
  /** Those of a kind that stand on an environment or a target, oldest first. */
  stops(kind: StopKind, on: string): Promise<readonly GithubStop[]>;
  /** As the person whose token it is. */
  place(stop: AskedStop): Promise<GithubStop>;
  lift(stops: readonly GithubStop[]): Promise<void>;
  /** What the last act on a target has left in doubt. */
  doubt(target: string): Promise<GithubDoubt>;
  settle(doubt: GithubDoubt, said: { readonly applied: boolean; readonly reason: string }): Promise<void>;
  /** What is left of the hour's requests, in words; null: it was not said. */
  budget(): string | null;
};
