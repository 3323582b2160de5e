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
  /** Runs that wait and do not tell which commit they are about: these are left to people. */
  readonly unclear: readonly { readonly run: number; readonly title: string; readonly url: string }[];
};
export type GateDecision = { readonly state: "approved" | "rejected"; readonly comment: string };
export type ReviewedGate = WaitingGate & {
  /** `already`: somebody else had done the same. `gone`: it does not wait any more, and was not approved. */
  readonly result: "approved" | "rejected" | "already" | "not-allowed" | "gone" | "failed";
  /** Who did, or why not. */
  readonly why: string;
};

/** What stops every deploy on an environment. */
export type GithubHold = {
  readonly by: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** GitHub, as a person asks it for a commit. Every method rejects with a `CliError`. */
export type GithubGates = {
  /** `commit`: as the person gave it. `environments`: as sluice.yaml has them; null: all. */
  waiting(commit: string, environments: readonly string[] | null): Promise<WaitingGates>;
  /** All in one act for each run. Never rejects for one of them alone. */
  review(gates: readonly WaitingGate[], decision: GateDecision): Promise<readonly ReviewedGate[]>;
  /** Holds that stand in an environment, oldest first. */
  holds(environment: string): Promise<readonly GithubHold[]>;
  /** Lifts all that stand there, as the person whose token it is; resolves to them. */
  lift(environment: string): Promise<readonly GithubHold[]>;
  /** What is left of the hour's requests, in words; null: it was not said. */
  budget(): string | null;
};
