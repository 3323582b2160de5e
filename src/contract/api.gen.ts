// Written by tools/generate.ts from the schemas in this folder.
export interface paths {
  readonly "/api/v1/approvals": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listApprovals"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/attempts/{id}/log": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["getAttemptLog"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/commits/{id}": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["getCommit"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/decisions": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /** @description Decides every gate that waits for the commit in the environment, across all runs, in one act. */
    readonly post: operations["createDecision"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/environments": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listEnvironments"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/environments/{id}/hold": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: operations["holdEnvironment"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/environments/{id}/unhold": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: operations["unholdEnvironment"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/events": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** @description Server-sent events. First `hello` (schema Hello), then one message for each event: `id` is its `seq`, `event` its `type`, `data` a StreamEvent. A reconnect with `Last-Event-ID` goes on where the last one ended, without loss or repetition. Without a position the stream starts with what happens next. */
    readonly get: operations["streamEvents"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/health": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["getHealth"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/ledger": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listLedger"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/plans": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /** @description What would be done. Changes nothing. */
    readonly post: operations["createPlan"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/rollbacks": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: operations["createRollback"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/rollbacks/preview": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /** @description The verdict on a rollback before anything is touched. Changes nothing. */
    readonly post: operations["previewRollback"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/runs": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listRuns"];
    readonly put?: never;
    readonly post: operations["createRun"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/runs/{id}": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["getRun"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/runs/{id}/cancel": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: operations["cancelRun"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/runs/{id}/retry": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: operations["retryRun"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/session": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["getSession"];
    readonly put?: never;
    readonly post: operations["createSession"];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/snapshots": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listSnapshots"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly "/api/v1/targets": {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: operations["listTargets"];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    readonly Admitted: {
      readonly run: components["schemas"]["Run"];
      readonly warnings: readonly string[];
    };
    readonly ApprovalPage: {
      readonly items: readonly components["schemas"]["PendingApproval"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    readonly Attempt: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly endedAt: string | null;
      readonly id: string;
      readonly message?: string;
      readonly outcome: components["schemas"]["AttemptOutcome"];
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly startedAt: string;
    };
    /**
     * @description null while it runs
     * @enum {string|null}
     */
    readonly AttemptOutcome: "succeeded" | "failed" | "errored" | "cut" | "lost" | null;
    readonly CancelRequest: {
      /** @description Stop running attempts too, instead of awaiting them */
      readonly now?: boolean;
      readonly reason?: string | null;
    };
    readonly Commit: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly at: string;
      readonly author: string;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly id: string;
      readonly subject: string;
    };
    readonly Decision: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly at: string;
      readonly by: string;
      readonly comment: string | null;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly commit: string;
      readonly environment: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly expiresAt: string | null;
      readonly id: string;
      readonly targets: readonly string[];
      /** @enum {string} */
      readonly verdict: "approved" | "rejected";
      /** @description Why it no longer counts */
      readonly voided: string | null;
    };
    readonly DecisionAnswer: {
      /** @description The same person had decided so before; nothing has changed */
      readonly already: boolean;
      readonly id: string;
      readonly runs: readonly string[];
      readonly targets: readonly string[];
    };
    readonly DecisionRequest: {
      readonly comment?: string | null;
      /** @description May be abbreviated */
      readonly commit: string;
      readonly environment: string;
      /**
       * @description The fingerprint that was seen; refused with `mismatch` where it is another by now
       * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
       */
      readonly expect?: string | null;
      /** @enum {string} */
      readonly verdict: "approved" | "rejected";
    };
    readonly DeployPlanRequest: {
      /** @description Go ahead over a diverged live commit, and why */
      readonly acceptDiverged?: string | null;
      /** @description A ref, a short hash, or null for HEAD */
      readonly commit?: string | null;
      /** @description null: all */
      readonly environments?: readonly string[] | null;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      readonly kind: "deploy";
      readonly policyRef?: string | null;
      /** @enum {string|null} */
      readonly promotion?: "wave" | "stream" | null;
      readonly reason?: string | null;
      /** @description Apply again what is already live */
      readonly redeploy?: boolean;
      /** @description null: all but manual ones */
      readonly services?: readonly string[] | null;
    };
    readonly DeployRequest: {
      /** @description Go ahead over a diverged live commit, and why */
      readonly acceptDiverged?: string | null;
      /** @description A ref, a short hash, or null for HEAD */
      readonly commit?: string | null;
      /** @description null: all */
      readonly environments?: readonly string[] | null;
      readonly policyRef?: string | null;
      /** @enum {string|null} */
      readonly promotion?: "wave" | "stream" | null;
      readonly reason?: string | null;
      /** @description Apply again what is already live */
      readonly redeploy?: boolean;
      /** @description null: all but manual ones */
      readonly services?: readonly string[] | null;
    };
    readonly Diagnostic: {
      readonly code: string;
      /** @description Counts UTF-16 units from 1 */
      readonly column: number;
      readonly file: string;
      readonly hint?: string;
      /** @description Width of the squiggle on that line */
      readonly length: number;
      readonly line: number;
      readonly message: string;
      /** @enum {string} */
      readonly severity: "error" | "warning";
    };
    readonly Environment: {
      /** @description Deploys here wait for a decision */
      readonly gate: boolean;
      readonly hold: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        readonly at: string;
        readonly by: string;
        readonly reason: string;
        /** @description The rollback that holds it */
        readonly run: string | null;
      } | null;
      readonly id: string;
      readonly needs: readonly string[];
      /** @description The rollback run under way */
      readonly rollback: string | null;
    };
    readonly EnvironmentPage: {
      readonly items: readonly components["schemas"]["Environment"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    readonly EnvironmentPatch: {
      readonly hold: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        readonly at: string;
        readonly by: string;
        readonly reason: string;
        /** @description The rollback that holds it */
        readonly run: string | null;
      } | null;
      readonly id: string;
      /** @description The rollback run under way */
      readonly rollback: string | null;
    };
    readonly Explanation: {
      /** @example need */
      readonly code: string;
      /** @description The command that ends the wait or goes on from here */
      readonly command?: string;
      /** @example waits for api@mainnet, run 42 */
      readonly message: string;
    };
    /** @enum {string} */
    readonly HealthState: "healthy" | "progressing" | "degraded" | "unknown" | "none";
    readonly Hello: {
      /** @description The stream goes on behind this one */
      readonly after: number;
      /** @description What was asked for is not in this store's log: fetch everything anew */
      readonly reset: boolean;
      /** @description The newest event there is */
      readonly seq: number;
    };
    readonly HoldRequest: {
      readonly reason: string;
    };
    readonly LedgerEntry: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      readonly artifact: string | null;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly at: string;
      readonly attempt: string | null;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly commit: string;
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      readonly fingerprint: string;
      readonly good: boolean;
      /** @description Whether it became live */
      readonly live: boolean;
      readonly run: string | null;
      readonly seq: number;
      readonly serving: boolean;
      /** @enum {string} */
      readonly source: "attempt" | "imported" | "external";
      /**
       * @description service@environment
       * @example api@mainnet
       */
      readonly target: string;
    };
    readonly LedgerPage: {
      readonly items: readonly components["schemas"]["LedgerEntry"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    readonly LogChunk: {
      /** @description No more will come */
      readonly ended: boolean;
      /** @description Offset in bytes to go on from */
      readonly next: number;
      readonly text: string;
    };
    readonly Patch:
      | {
          readonly row: components["schemas"]["Run"];
          /** @enum {string} */
          readonly table: "run";
        }
      | {
          readonly row: components["schemas"]["StepPatch"];
          /** @enum {string} */
          readonly table: "step";
        }
      | {
          readonly row: components["schemas"]["Attempt"] & {
            readonly run: string;
            /** @example deploy:api@mainnet */
            readonly step: string;
          };
          /** @enum {string} */
          readonly table: "attempt";
        }
      | {
          readonly row: components["schemas"]["Target"];
          /** @enum {string} */
          readonly table: "target";
        }
      | {
          readonly row: components["schemas"]["EnvironmentPatch"];
          /** @enum {string} */
          readonly table: "environment";
        }
      | {
          readonly row: components["schemas"]["Decision"];
          /** @enum {string} */
          readonly table: "decision";
        };
    readonly PendingApproval: {
      /** @description Empty: anyone */
      readonly approvers: readonly string[];
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly commit: string;
      readonly environment: string;
      /**
       * @description Over all members; a decision may name it in `expect`
       * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
       */
      readonly fingerprint: string;
      readonly leftOut: readonly {
        /**
         * @description service@environment
         * @example api@mainnet
         */
        readonly target: string;
        readonly why: string;
      }[];
      readonly members: readonly string[];
      readonly run: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly since: string;
      /** @description The commit's subject line */
      readonly subject?: string;
    };
    readonly Plan: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      readonly fingerprint: string;
      readonly kind: components["schemas"]["RunKind"];
      readonly notes: readonly string[];
      /** @description Where policy was read; null: a rollback's plan comes from the ledger */
      readonly policy: {
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly commit: string;
        readonly ref: string;
      } | null;
      readonly release: {
        /** @description Digest by artifact; null: not built yet */
        readonly artifacts: {
          readonly [key: string]: string | null;
        };
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly commit: string;
      };
      readonly steps: readonly {
        /** @description Environments in which every member must have ended first */
        readonly after: readonly string[];
        /** @example deploy:api@mainnet */
        readonly id: string;
        readonly kind: components["schemas"]["StepKind"];
        readonly needs: readonly string[];
      }[];
      readonly warnings: readonly string[];
    };
    readonly PlanRequest: components["schemas"]["DeployPlanRequest"] | components["schemas"]["RollbackPlanRequest"];
    readonly Problem: {
      readonly code: components["schemas"]["ProblemCode"];
      readonly detail?: string;
      readonly diagnostics?: readonly components["schemas"]["Diagnostic"][];
      readonly hint?: string;
      readonly status: number;
      readonly title: string;
      /** @example urn:sluice:problem:not-found */
      readonly type: string;
    };
    /** @enum {string} */
    readonly ProblemCode:
      | "invalid"
      | "invalid-config"
      | "unauthenticated"
      | "not-allowed"
      | "not-found"
      | "conflict"
      | "ended"
      | "mismatch"
      | "nothing-waits"
      | "key-reused"
      | "too-large"
      | "unsupported-media-type"
      | "source-unusable"
      | "store-full"
      | "store-read-only"
      | "deposed"
      | "internal";
    readonly RollbackPlanRequest: {
      readonly environment: string;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      readonly kind: "rollback";
      /** @description null: all targets of the set */
      readonly services?: readonly string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      readonly to?: string | null;
    };
    readonly RollbackPreview: {
      readonly environment: string;
      readonly plan: components["schemas"]["Plan"];
      readonly problems: readonly {
        readonly hint: string;
        readonly message: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        readonly target: string | null;
      }[];
      readonly snapshot: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        readonly at: string;
        readonly id: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly release: string;
      };
      readonly targets: readonly {
        /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
        readonly artifact: string | null;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly from: string | null;
        readonly means: string;
        /** @description Why it stays as it is; null: it moves */
        readonly skip: string | null;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        readonly target: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly to: string;
      }[];
    };
    readonly RollbackPreviewRequest: {
      readonly environment: string;
      /** @description null: all targets of the set */
      readonly services?: readonly string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      readonly to?: string | null;
    };
    readonly RollbackRequest: {
      readonly environment: string;
      /** @description Cut short what runs there instead of awaiting it */
      readonly now?: boolean;
      readonly reason: string;
      /** @description null: all targets of the set */
      readonly services?: readonly string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      readonly to?: string | null;
    };
    readonly Run: {
      /** @description Who started it */
      readonly by: string;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly commit: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly createdAt: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly endedAt: string | null;
      /** @description In policy order */
      readonly environments: readonly string[];
      readonly id: string;
      readonly kind: components["schemas"]["RunKind"];
      /** @enum {string} */
      readonly promotion: "wave" | "stream";
      readonly reason: string | null;
      readonly retryOf: string | null;
      /** @description Rollback only: the set that it returns to */
      readonly snapshot: string | null;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly startedAt: string | null;
      readonly status: components["schemas"]["RunStatus"];
      /** @description How a person ended it */
      readonly stopped: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        readonly at: string;
        readonly by: string;
        /** @enum {string} */
        readonly how: "cancelled" | "rejected";
        readonly now: boolean;
        readonly reason: string | null;
      } | null;
    };
    readonly RunDetail: components["schemas"]["Run"] & {
      readonly steps: readonly components["schemas"]["Step"][];
    };
    /** @enum {string} */
    readonly RunKind: "deploy" | "rollback";
    readonly RunPage: {
      readonly items: readonly components["schemas"]["Run"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    /** @enum {string} */
    readonly RunStatus: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled" | "superseded";
    readonly ServerHealth: {
      readonly project: string;
      /** @enum {string} */
      readonly status: "ok";
      /** @description Where the page is */
      readonly url: string;
      readonly version: string;
    };
    readonly Session: {
      /** @description Who acts in this session; null: nobody is logged in */
      readonly actor: string | null;
      /** @description Every request needs a token or a session made from one */
      readonly tokenRequired: boolean;
    };
    readonly SessionRequest: {
      readonly token: string;
    };
    readonly Snapshot: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly at: string;
      readonly environment: string;
      readonly id: string;
      /** @description A rollback has left it: not offered again */
      readonly left: boolean;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly release: string;
      readonly run: string;
      readonly targets: readonly {
        /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
        readonly artifact: string | null;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        readonly commit: string;
        readonly environment: string;
        readonly service: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        readonly target: string;
      }[];
    };
    readonly SnapshotPage: {
      readonly items: readonly components["schemas"]["Snapshot"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    readonly Step: {
      readonly attempts: readonly components["schemas"]["Attempt"][];
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly endedAt: string | null;
      readonly environment?: string;
      /** @example deploy:api@mainnet */
      readonly id: string;
      readonly kind: components["schemas"]["StepKind"];
      readonly needs: readonly string[];
      readonly reason?: components["schemas"]["Explanation"] & unknown;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly startedAt: string | null;
      readonly status: components["schemas"]["StepStatus"];
      /**
       * @description service@environment
       * @example api@mainnet
       */
      readonly target?: string;
      readonly waitingFor?: components["schemas"]["Waiting"];
    };
    /** @enum {string} */
    readonly StepKind: "build" | "gate" | "deploy" | "verify" | "soak";
    readonly StepPatch: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly endedAt: string | null;
      readonly environment?: string;
      /** @example deploy:api@mainnet */
      readonly id: string;
      readonly kind: components["schemas"]["StepKind"];
      readonly reason?: components["schemas"]["Explanation"] & unknown;
      readonly run: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly startedAt: string | null;
      readonly status: components["schemas"]["StepStatus"];
      /**
       * @description service@environment
       * @example api@mainnet
       */
      readonly target?: string;
      readonly waitingFor?: components["schemas"]["Waiting"];
    };
    /** @enum {string} */
    readonly StepStatus:
      | "pending"
      | "waiting"
      | "running"
      | "succeeded"
      | "failed"
      | "errored"
      | "blocked"
      | "skipped"
      | "superseded"
      | "cancelled";
    readonly StreamEvent: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly at: string;
      readonly changes: readonly components["schemas"]["Patch"][];
      readonly run: string | null;
      readonly seq: number;
      readonly type: string;
    };
    readonly Target: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      readonly artifact: string | null;
      /**
       * @description What is live, by the ledger; null: nothing
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      readonly commit: string | null;
      readonly environment: string;
      readonly good: boolean;
      readonly health: components["schemas"]["HealthState"];
      /** @description Steps that wait for the target alone */
      readonly queue: number;
      /** @description The run that brought it; null where it was imported or changed from outside */
      readonly run: string | null;
      /** @description The step that has the target now */
      readonly running?: {
        readonly run: string;
        readonly status: components["schemas"]["StepStatus"];
        /** @example deploy:api@mainnet */
        readonly step: string;
      };
      readonly service: string;
      readonly serving: boolean;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly since: string | null;
      /** @enum {string} */
      readonly tier?: "backend" | "frontend";
      readonly url?: string;
    };
    readonly TargetPage: {
      readonly items: readonly components["schemas"]["Target"][];
      /** @description Cursor of the next page; null: this is the last */
      readonly next: string | null;
    };
    readonly Waiting: components["schemas"]["Explanation"] & {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly since: string;
      /**
       * Format: date-time
       * @description When the wait ends by itself, where it does
       * @example 2026-01-31T09:30:00.000Z
       */
      readonly until?: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  readonly listApprovals: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Gates that wait for a decision */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["ApprovalPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly getAttemptLog: {
    readonly parameters: {
      readonly query?: {
        /** @description In bytes */
        readonly limit?: number;
        /** @description In bytes */
        readonly offset?: number | null;
        /** @description Seconds to wait for more, where there is none yet */
        readonly wait?: number | null;
      };
      readonly header?: never;
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description A piece of the attempt's log */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["LogChunk"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly getCommit: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description What the source says about a commit */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Commit"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly createDecision: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["DecisionRequest"];
      };
    };
    readonly responses: {
      /** @description Recorded */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["DecisionAnswer"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly listEnvironments: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Environments in policy order */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["EnvironmentPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly holdEnvironment: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["HoldRequest"];
      };
    };
    readonly responses: {
      /** @description No deploy starts here until the hold is lifted */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly unholdEnvironment: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Deploys start again */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly streamEvents: {
    readonly parameters: {
      readonly query?: {
        /** @description Go on behind this `seq`; `Last-Event-ID` comes first */
        readonly after?: number | null;
      };
      readonly header?: {
        readonly "last-event-id"?: string;
      };
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Messages, each with such data */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "text/event-stream": components["schemas"]["StreamEvent"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly getHealth: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description The server is there and owns the store */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["ServerHealth"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly listLedger: {
    readonly parameters: {
      readonly query: {
        /** @description `next` of the page before */
        readonly cursor?: string;
        /** @description Items a page */
        readonly limit?: number;
        /** @description service@environment */
        readonly target: string;
      };
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description What became live on a target, newest first */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["LedgerPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly createPlan: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["PlanRequest"];
      };
    };
    readonly responses: {
      /** @description The plan */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Plan"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly createRollback: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["RollbackRequest"];
      };
    };
    readonly responses: {
      /** @description Admitted; the environment is held */
      readonly 201: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly previewRollback: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["RollbackPreviewRequest"];
      };
    };
    readonly responses: {
      /** @description From, to and means for each target, and every problem */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["RollbackPreview"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly listRuns: {
    readonly parameters: {
      readonly query?: {
        readonly commit?: string;
        /** @description `next` of the page before */
        readonly cursor?: string;
        readonly kind?: components["schemas"]["RunKind"];
        /** @description Items a page */
        readonly limit?: number;
        /** @description One or more, separated by commas */
        readonly status?: string;
      };
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Runs, newest first */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["RunPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly createRun: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["DeployRequest"];
      };
    };
    readonly responses: {
      /** @description Admitted; it goes on by itself */
      readonly 201: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly getRun: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description The run with its steps and their attempts */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["RunDetail"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly cancelRun: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["CancelRequest"];
      };
    };
    readonly responses: {
      /** @description Nothing more of it starts */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Run"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly retryRun: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        readonly "idempotency-key"?: string;
      };
      readonly path: {
        readonly id: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description A new run that names the old one */
      readonly 201: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly getSession: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Who this session acts as */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Session"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly createSession: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody: {
      readonly content: {
        readonly "application/json": components["schemas"]["SessionRequest"];
      };
    };
    readonly responses: {
      /** @description Logged in: the answer sets the session's cookie */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["Session"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly listSnapshots: {
    readonly parameters: {
      readonly query: {
        /** @description `next` of the page before */
        readonly cursor?: string;
        readonly environment: string;
        /** @description Items a page */
        readonly limit?: number;
      };
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Recorded sets that work together, newest first */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["SnapshotPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  readonly listTargets: {
    readonly parameters: {
      readonly query?: {
        /** @description `next` of the page before */
        readonly cursor?: string;
        readonly environment?: string;
        /** @description Items a page */
        readonly limit?: number;
        readonly service?: string;
      };
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description The fleet: what is live on each target */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/json": components["schemas"]["TargetPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
