// Written by tools/generate.ts from the schemas in this folder.
export interface paths {
  "/api/v1/approvals": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listApprovals"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/attempts/{id}/log": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getAttemptLog"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/commits/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description By its id, which may be abbreviated, or by a ref. `invalid` where it is short for several, and says which. */
    get: operations["getCommit"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/decisions": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** @description Decides every gate that waits for the commit in the environment, across all runs, in one act. */
    post: operations["createDecision"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/diff": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getDiff"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/drift": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Looks at every target that is asked for, which may take minutes. Changes nothing, and records nothing. */
    get: operations["getDrift"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/environments": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listEnvironments"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/environments/{id}/hold": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["holdEnvironment"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/environments/{id}/lock": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["lockEnvironment"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/environments/{id}/unhold": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["unholdEnvironment"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/environments/{id}/unlock": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["unlockEnvironment"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/events": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Server-sent events. First `hello` (schema Hello), then one message for each event: `id` is its `seq`, `event` its `type`, `data` a StreamEvent. A reconnect with `Last-Event-ID` goes on where the last one ended, without loss or repetition. Without a position the stream starts with what happens next. */
    get: operations["streamEvents"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/github": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getGithub"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/health": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getHealth"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/ledger": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listLedger"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/plans": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** @description What would be done. Changes nothing. */
    post: operations["createPlan"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/rollbacks": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["createRollback"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/rollbacks/preview": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** @description The verdict on a rollback before anything is touched. Changes nothing. */
    post: operations["previewRollback"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listRuns"];
    put?: never;
    post: operations["createRun"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getRun"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{id}/cancel": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["cancelRun"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/runs/{id}/retry": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["retryRun"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/session": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["getSession"];
    put?: never;
    post: operations["createSession"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/snapshots": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listSnapshots"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listTargets"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets/{id}/lock": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["lockTarget"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets/{id}/pin": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["pinTarget"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets/{id}/settle": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** @description Says what is true of a target after an attempt was lost, where its driver cannot tell. */
    post: operations["settleTarget"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets/{id}/unlock": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["unlockTarget"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/targets/{id}/unpin": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post: operations["unpinTarget"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/waiting": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get: operations["listWaiting"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Admitted: {
      run: components["schemas"]["Run"];
      warnings: string[];
    };
    ApprovalPage: {
      items: components["schemas"]["PendingApproval"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    Attempt: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      endedAt: string | null;
      id: string;
      /** @description Steps of other runs that share it and end as it does */
      joined: {
        run: string;
        /** @example deploy:api@mainnet */
        step: string;
      }[];
      message?: string;
      outcome: components["schemas"]["AttemptOutcome"];
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      startedAt: string;
    };
    /**
     * @description null while it runs
     * @enum {string|null}
     */
    AttemptOutcome: "succeeded" | "failed" | "errored" | "cut" | "lost" | null;
    CancelRequest: {
      /** @description Stop running attempts too, instead of awaiting them */
      now?: boolean;
      reason?: string | null;
    };
    Commit: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      author: string;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      id: string;
      subject: string;
    };
    Decision: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      by: string;
      comment: string | null;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      /** @description Decided before every member had arrived */
      early: boolean;
      /** @description Passed the count as an emergency: to be reviewed afterwards */
      emergency: boolean;
      environment: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      expiresAt: string | null;
      id: string;
      targets: string[];
      /** @enum {string} */
      verdict: "approved" | "rejected";
      /** @description Why it no longer counts */
      voided: string | null;
      /** @description Targets for which it no longer counts, each with why */
      voids: {
        [key: string]: string;
      };
    };
    DecisionAnswer: {
      /** @description The same person had decided so before; nothing has changed */
      already: boolean;
      id: string;
      /** @description How the decided members of open runs stand now, and those that still wait beside them */
      members: {
        /** @description Persons whose approvals count for it */
        approved: string[];
        /** @description How many persons must approve */
        count: number;
        /** @description That is enough, or it was let pass as an emergency */
        open: boolean;
        run: string;
        status: components["schemas"]["StepStatus"] & unknown;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
        waitingFor?: components["schemas"]["Explanation"] & unknown;
      }[];
      runs: string[];
      targets: string[];
    };
    DecisionRequest: {
      comment?: string | null;
      /** @description A full or abbreviated id, or a ref */
      commit: string;
      /** @description By a person whom policy names for emergencies; the comment says why */
      emergency?: boolean;
      environment: string;
      /** @description All but these services */
      except?: string[] | null;
      /**
       * @description `set` of what was seen, also where only some of it is decided; refused with `mismatch` where it is another by now
       * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
       */
      expect?: string | null;
      /** @description Only these services; null: all that wait */
      only?: string[] | null;
      /** @enum {string} */
      verdict: "approved" | "rejected";
    };
    DeployPlanRequest: {
      /** @description Go ahead over a diverged live commit, and why */
      acceptDiverged?: string | null;
      /** @description Of these services, those whose paths have changed since what is live somewhere in the scope */
      changed?: boolean;
      /** @description A ref, a short hash, or null for HEAD */
      commit?: string | null;
      /** @description null: all */
      environments?: string[] | null;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: "deploy";
      /** @description Cut short the soaks of other releases instead of awaiting them */
      now?: boolean;
      policyRef?: string | null;
      /** @enum {string|null} */
      promotion?: "wave" | "stream" | null;
      reason?: string | null;
      /** @description Apply again what is already live */
      redeploy?: boolean;
      /** @description null: all but manual ones */
      services?: string[] | null;
      /** @description Go ahead where the commit was not good in the environments before, and why; only through a gate, which shows it */
      skipNeeds?: string | null;
    };
    DeployRequest: {
      /** @description Go ahead over a diverged live commit, and why */
      acceptDiverged?: string | null;
      /** @description Of these services, those whose paths have changed since what is live somewhere in the scope */
      changed?: boolean;
      /** @description A ref, a short hash, or null for HEAD */
      commit?: string | null;
      /** @description null: all */
      environments?: string[] | null;
      /** @description Cut short the soaks of other releases instead of awaiting them */
      now?: boolean;
      policyRef?: string | null;
      /** @enum {string|null} */
      promotion?: "wave" | "stream" | null;
      reason?: string | null;
      /** @description Apply again what is already live */
      redeploy?: boolean;
      /** @description null: all but manual ones */
      services?: string[] | null;
      /** @description Go ahead where the commit was not good in the environments before, and why; only through a gate, which shows it */
      skipNeeds?: string | null;
    };
    Diagnostic: {
      code: string;
      /** @description Counts UTF-16 units from 1 */
      column: number;
      file: string;
      hint?: string;
      /** @description Width of the squiggle on that line */
      length: number;
      line: number;
      message: string;
      /** @enum {string} */
      severity: "error" | "warning";
    };
    Diff: {
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      /** @description One for each commit that is live on a target and known to the source */
      commits: {
        /** @description Commits that are not live yet */
        brings: {
          count: number;
          /** @description Newest first, at most 50 */
          items: components["schemas"]["Commit"][];
        };
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        from: string;
        /** @description Commits that are live and not part of the new one */
        loses: {
          count: number;
          /** @description Newest first, at most 50 */
          items: components["schemas"]["Commit"][];
        };
      }[];
      environment: string;
      summary: {
        /** @description Of the targets that were compared object by object */
        objects: {
          added: number;
          changed: number;
          removed: number;
          same: number;
        };
        targets: {
          changed: number;
          same: number;
          unknown: number;
        };
      };
      targets: {
        /** @description null: objects were compared */
        after: string | null;
        /**
         * @description Of what would be applied; null: it has none, or `unbuilt`
         * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
         */
        artifact: string | null;
        /** @description null: objects were compared, nothing is live, or it was not deployed by Sluice */
        before: string | null;
        /**
         * @description unknown: it could not be rendered
         * @enum {string}
         */
        change: "changed" | "same" | "unknown";
        /** @description Of all objects, also those that are not listed */
        counts: {
          added: number;
          changed: number;
          removed: number;
          same: number;
        } | null;
        /** @description There was too much: texts are cut, or the last objects left out */
        cut: boolean;
        /**
         * @description What is live; null: nothing
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        from: string | null;
        /** @description Against what is there now; null: see `before` and `after` */
        objects: components["schemas"]["ObjectChange"][] | null;
        /** @description Why it could not be rendered; the texts are definitions then */
        problem: string | null;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        to: string;
        /** @description The artifact whose build has not ended: its digest is not part of what is compared */
        unbuilt: string | null;
        /** @description Why objects could not be compared with what is there */
        uncompared: string | null;
      }[];
    };
    Drift: {
      summary: {
        drift: number;
        none: number;
        unknown: number;
      };
      /** @description Targets that have something live, by the ledger */
      targets: {
        /**
         * @description What the ledger says is live
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
        /** @description Objects that were compared with what is recorded; null: none were */
        compared: number | null;
        /** @description There was too much: texts are cut, or the last objects left out */
        cut: boolean;
        /**
         * @description What Sluice has deployed there last; null: nothing that is known
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        deployed: string | null;
        /** @description How what is live is another than what the ledger says */
        differences: string[];
        /**
         * @description As its driver sees it; null: it could not be looked at
         * @enum {string|null}
         */
        health: "healthy" | "progressing" | "degraded" | "unknown" | "none" | null;
        /** @description Those that differ */
        objects: components["schemas"]["ObjectDrift"][];
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        since: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
        /** @description What could not be looked at, and why */
        unknown: string[];
        /**
         * @description drift: something differs. unknown: nothing was found to differ, and not all could be looked at
         * @enum {string}
         */
        verdict: "none" | "drift" | "unknown";
      }[];
    };
    Environment: {
      /** @description The window of policy that is open now: no deploy starts */
      freeze: {
        reason: string | null;
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        until: string;
      } | null;
      /** @description Deploys here wait for a decision */
      gate: boolean;
      hold: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        by: string;
        reason: string;
        /** @description The rollback that holds it */
        run: string | null;
      } | null;
      id: string;
      lock: components["schemas"]["Lock"];
      needs: string[];
      /** @description The rollback run under way */
      rollback: string | null;
    };
    EnvironmentPage: {
      items: components["schemas"]["Environment"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    EnvironmentPatch: {
      /** @description The window of policy that is open now: no deploy starts */
      freeze: {
        reason: string | null;
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        until: string;
      } | null;
      hold: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        by: string;
        reason: string;
        /** @description The rollback that holds it */
        run: string | null;
      } | null;
      id: string;
      lock: components["schemas"]["Lock"];
      /** @description The rollback run under way */
      rollback: string | null;
    };
    Explanation: {
      /** @example need */
      code: string;
      /** @description The command that ends the wait or goes on from here */
      command?: string;
      /** @example waits for api@mainnet, run 42 */
      message: string;
    };
    GithubStatus: {
      /** @description null: this server does not speak to GitHub */
      connection: {
        /** @enum {string} */
        as: "app" | "token";
        /** @description Requests that are left, as the last answers said */
        budgets: {
          left: number;
          limit: number;
          /**
           * Format: date-time
           * @example 2026-01-31T09:30:00.000Z
           */
          resetsAt: string;
          resource: string;
        }[];
        /**
         * Format: date-time
         * @description A limit is waited for
         * @example 2026-01-31T09:30:00.000Z
         */
        pausedUntil: string | null;
        repository: string;
        /** @description What GitHub is to be told and was not yet */
        waiting: {
          /** @description Of what is looked at next; more may come behind it */
          count: number;
          /**
           * Format: date-time
           * @description When it is tried again
           * @example 2026-01-31T09:30:00.000Z
           */
          nextAt: string | null;
          problem: string | null;
          /** @example records */
          what: string;
        }[];
      } | null;
    };
    /** @enum {string} */
    HealthState: "healthy" | "progressing" | "degraded" | "unknown" | "none";
    Hello: {
      /** @description The stream goes on behind this one */
      after: number;
      /** @description What was asked for is not in this store's log: fetch everything anew */
      reset: boolean;
      /** @description The newest event there is */
      seq: number;
    };
    HoldRequest: {
      reason: string;
    };
    LedgerEntry: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      artifact: string | null;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      attempt: string | null;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      fingerprint: string;
      good: boolean;
      /** @description Whether it became live */
      live: boolean;
      run: string | null;
      seq: number;
      serving: boolean;
      /** @enum {string} */
      source: "attempt" | "imported" | "external";
      /**
       * @description service@environment
       * @example api@mainnet
       */
      target: string;
    };
    LedgerPage: {
      items: components["schemas"]["LedgerEntry"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    /** @description Stops every target here */
    Lock: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      by: string;
      reason: string;
      /**
       * Format: date-time
       * @description When it ends by itself; null: when somebody unlocks it
       * @example 2026-01-31T09:30:00.000Z
       */
      until: string | null;
    } | null;
    LockRequest: {
      reason: string;
      /**
       * Format: date-time
       * @description It ends by itself then; null: when somebody unlocks it
       */
      until?: string | null;
    };
    LogChunk: {
      /** @description No more will come */
      ended: boolean;
      /** @description Offset in bytes to go on from */
      next: number;
      text: string;
    };
    ObjectChange: {
      /** @description What it would become; null: it is removed, or the same */
      after: string | null;
      /** @description What is there; null: it is added, or the same */
      before: string | null;
      /** @enum {string} */
      change: "added" | "changed" | "removed" | "same";
      /** @description The texts were too long: only their beginnings are here */
      cut: boolean;
      kind: string;
      name: string;
      /** @description null: it belongs to none */
      namespace: string | null;
    };
    ObjectDrift: {
      /** @description The texts were too long: only their beginnings are here */
      cut: boolean;
      /**
       * @description missing: what was deployed is gone. extra: there, and not part of what is recorded
       * @enum {string}
       */
      drift: "missing" | "different" | "extra";
      kind: string;
      live: string | null;
      name: string;
      /** @description null: it belongs to none */
      namespace: string | null;
      recorded: string | null;
    };
    Patch:
      | {
          row: components["schemas"]["Run"];
          /** @enum {string} */
          table: "run";
        }
      | {
          row: components["schemas"]["StepPatch"];
          /** @enum {string} */
          table: "step";
        }
      | {
          row: components["schemas"]["Attempt"] & {
            run: string;
            /** @example deploy:api@mainnet */
            step: string;
          };
          /** @enum {string} */
          table: "attempt";
        }
      | {
          row: components["schemas"]["Target"];
          /** @enum {string} */
          table: "target";
        }
      | {
          row: components["schemas"]["EnvironmentPatch"];
          /** @enum {string} */
          table: "environment";
        }
      | {
          row: components["schemas"]["Decision"];
          /** @enum {string} */
          table: "decision";
        };
    PendingApproval: {
      /** @description The run asks to go over a diverged live commit, and says why */
      acceptDiverged: string | null;
      /** @description Who has, so far */
      approved: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        by: string;
        /**
         * Format: date-time
         * @description It counts until then
         * @example 2026-01-31T09:30:00.000Z
         */
        expiresAt: string | null;
      }[];
      /** @description Who may approve one of the members: without its authors, where policy does not let them. Empty: anyone */
      approvers: string[];
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      /** @description How many persons must approve */
      count: number;
      /** @description Members have yet to arrive; policy allows the decision all the same */
      early: boolean;
      /** @description Persons who may let it pass in an emergency; empty: nobody */
      emergency: string[];
      environment: string;
      /**
       * @description Over this run's members
       * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
       */
      fingerprint: string;
      /** @description What would be applied, by member; `set` is made of these */
      fingerprints: {
        [key: string]: string;
      };
      leftOut: {
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
        why: string;
      }[];
      members: string[];
      /** @description What the run's plan wants noticed of targets there */
      notes: string[];
      run: string;
      /**
       * @description Over the members of all runs that wait for a decision on this commit in this environment: what a decision's `expect` is compared with
       * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
       */
      set: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      since: string;
      /** @description The run asks to pass without having been good in the environments before, and says why */
      skipNeeds: string | null;
      /** @description The commit's subject line */
      subject?: string;
    };
    PinRequest: {
      /** @description A full or abbreviated id, or a ref */
      commit: string;
      reason: string;
    };
    Plan: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      fingerprint: string;
      kind: components["schemas"]["RunKind"];
      notes: string[];
      /** @description Where policy was read; null: a rollback's plan comes from the ledger */
      policy: {
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
        ref: string;
      } | null;
      release: {
        /** @description Digest by artifact; null: not built yet */
        artifacts: {
          [key: string]: string | null;
        };
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
      };
      steps: {
        /** @description Environments in which every member must have ended first */
        after: string[];
        /** @example deploy:api@mainnet */
        id: string;
        kind: components["schemas"]["StepKind"];
        needs: string[];
      }[];
      warnings: string[];
    };
    PlanRequest: components["schemas"]["DeployPlanRequest"] | components["schemas"]["RollbackPlanRequest"];
    Problem: {
      code: components["schemas"]["ProblemCode"];
      detail?: string;
      diagnostics?: components["schemas"]["Diagnostic"][];
      hint?: string;
      status: number;
      title: string;
      /** @example urn:sluice:problem:not-found */
      type: string;
    };
    /** @enum {string} */
    ProblemCode:
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
    RollbackPlanRequest: {
      /** @description Go back also where it cannot be known whether that can be done, such as over a commit that is gone; each is said in `notes` and in the run's reason. What is known to be irreversible still stops it */
      acceptUnknown?: boolean;
      environment: string;
      /**
       * @description discriminator enum property added by openapi-typescript
       * @enum {string}
       */
      kind: "rollback";
      /** @description null: all targets of the set */
      services?: string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      to?: string | null;
    };
    RollbackPreview: {
      environment: string;
      /** @description What stays as it is, what goes all the same, and why */
      notes: string[];
      plan: components["schemas"]["Plan"];
      problems: {
        hint: string;
        message: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string | null;
      }[];
      snapshot: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        id: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        release: string;
      };
      targets: {
        /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
        artifact: string | null;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        from: string | null;
        means: string;
        /** @description Why it stays as it is; null: it moves */
        skip: string | null;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        to: string;
      }[];
    };
    RollbackPreviewRequest: {
      /** @description Go back also where it cannot be known whether that can be done, such as over a commit that is gone; each is said in `notes` and in the run's reason. What is known to be irreversible still stops it */
      acceptUnknown?: boolean;
      environment: string;
      /** @description null: all targets of the set */
      services?: string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      to?: string | null;
    };
    RollbackRequest: {
      /** @description Go back also where it cannot be known whether that can be done, such as over a commit that is gone; each is said in `notes` and in the run's reason. What is known to be irreversible still stops it */
      acceptUnknown?: boolean;
      environment: string;
      /** @description Cut short what runs there instead of awaiting it */
      now?: boolean;
      reason: string;
      /** @description null: all targets of the set */
      services?: string[] | null;
      /** @description A snapshot's id, a commit, a time (ISO 8601), or null for the offered one */
      to?: string | null;
    };
    Run: {
      /** @description Who started it */
      by: string;
      /** @description The failed step that this rollback answers (`onFailure: rollback`); null: a person asked for the run */
      cause: {
        run: string;
        /** @example deploy:api@mainnet */
        step: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
      } | null;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      createdAt: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      endedAt: string | null;
      /** @description In policy order */
      environments: string[];
      id: string;
      kind: components["schemas"]["RunKind"];
      /** @enum {string} */
      promotion: "wave" | "stream";
      reason: string | null;
      retryOf: string | null;
      /** @description Rollback only: the set that it returns to */
      snapshot: string | null;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      startedAt: string | null;
      status: components["schemas"]["RunStatus"];
      /** @description How a person ended it */
      stopped: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        by: string;
        /** @enum {string} */
        how: "cancelled" | "rejected";
        now: boolean;
        reason: string | null;
      } | null;
    };
    RunDetail: components["schemas"]["Run"] & {
      steps: components["schemas"]["Step"][];
    };
    /** @enum {string} */
    RunKind: "deploy" | "rollback";
    RunPage: {
      items: components["schemas"]["Run"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    /** @enum {string} */
    RunStatus: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled" | "superseded";
    ServerHealth: {
      project: string;
      /** @enum {string} */
      status: "ok";
      /** @description Where the page is */
      url: string;
      version: string;
    };
    Session: {
      /** @description Who acts in this session; null: nobody is logged in */
      actor: string | null;
      /** @description Every request needs a token or a session made from one */
      tokenRequired: boolean;
    };
    SessionRequest: {
      token: string;
    };
    SettleRequest: {
      /** @description Whether what the lost attempt was to apply is there */
      applied: boolean;
      reason: string;
    };
    Snapshot: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      environment: string;
      id: string;
      /** @description A rollback has left it: not offered again */
      left: boolean;
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      release: string;
      run: string;
      targets: {
        /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
        artifact: string | null;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
        environment: string;
        service: string;
        /**
         * @description service@environment
         * @example api@mainnet
         */
        target: string;
      }[];
    };
    SnapshotPage: {
      items: components["schemas"]["Snapshot"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    Step: {
      attempts: components["schemas"]["Attempt"][];
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      endedAt: string | null;
      environment?: string;
      /** @example deploy:api@mainnet */
      id: string;
      /** @description The run whose attempt this is, under way or the last one; null: its own run's, or none yet */
      joined: {
        run: string;
      } | null;
      kind: components["schemas"]["StepKind"];
      needs: string[];
      reason?: components["schemas"]["Explanation"] & unknown;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      startedAt: string | null;
      status: components["schemas"]["StepStatus"];
      /**
       * @description service@environment
       * @example api@mainnet
       */
      target?: string;
      waitingFor?: components["schemas"]["Waiting"];
    };
    /** @enum {string} */
    StepKind: "build" | "gate" | "deploy" | "verify" | "soak";
    StepPatch: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      endedAt: string | null;
      environment?: string;
      /** @example deploy:api@mainnet */
      id: string;
      /** @description The run whose attempt this is, under way or the last one; null: its own run's, or none yet */
      joined: {
        run: string;
      } | null;
      kind: components["schemas"]["StepKind"];
      reason?: components["schemas"]["Explanation"] & unknown;
      run: string;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      startedAt: string | null;
      status: components["schemas"]["StepStatus"];
      /**
       * @description service@environment
       * @example api@mainnet
       */
      target?: string;
      waitingFor?: components["schemas"]["Waiting"];
    };
    /** @enum {string} */
    StepStatus: "pending" | "waiting" | "running" | "succeeded" | "failed" | "errored" | "blocked" | "skipped" | "superseded" | "cancelled";
    StreamEvent: {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      at: string;
      changes: components["schemas"]["Patch"][];
      run: string | null;
      seq: number;
      type: string;
    };
    Target: {
      /** @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
      artifact: string | null;
      /**
       * @description What is live, by the ledger; null: nothing
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string | null;
      environment: string;
      good: boolean;
      health: components["schemas"]["HealthState"];
      lock: components["schemas"]["Lock"];
      /** @description It is kept at this commit: deploys and rollbacks skip it unless it is named */
      pin: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        by: string;
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
        reason: string;
      } | null;
      /** @description Steps that wait for the target alone */
      queue: number;
      /** @description The run that brought it; null where it was imported or changed from outside */
      run: string | null;
      /** @description The step that has the target now */
      running?: {
        run: string;
        status: components["schemas"]["StepStatus"];
        /** @example deploy:api@mainnet */
        step: string;
      };
      service: string;
      serving: boolean;
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      since: string | null;
      /** @enum {string} */
      tier?: "backend" | "frontend";
      /** @description An attempt to apply this commit was cut off, and nobody has said yet whether it is there: the driver, or `settle` */
      unknown: {
        /**
         * @description A full git commit id
         * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
         */
        commit: string;
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        since: string;
      } | null;
      /** @description Why what failed here could not be brought back to good (`onFailure: rollback`) */
      unrestored: {
        /**
         * Format: date-time
         * @example 2026-01-31T09:30:00.000Z
         */
        at: string;
        message: string;
        run: string;
      } | null;
      url?: string;
    };
    TargetPage: {
      items: components["schemas"]["Target"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    /** @description What it waits for, or while pending what comes before it */
    Waiting: components["schemas"]["Explanation"] & {
      /**
       * Format: date-time
       * @example 2026-01-31T09:30:00.000Z
       */
      since: string;
      /**
       * Format: date-time
       * @description When the wait ends by itself, where it does
       * @example 2026-01-31T09:30:00.000Z
       */
      until?: string;
    };
    WaitingPage: {
      items: components["schemas"]["WaitingStep"][];
      /** @description Cursor of the next page; null: this is the last */
      next: string | null;
    };
    WaitingStep: {
      /**
       * @description A full git commit id
       * @example 4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d
       */
      commit: string;
      environment?: string;
      kind: components["schemas"]["StepKind"];
      run: string;
      runKind: components["schemas"]["RunKind"];
      /** @example deploy:api@mainnet */
      step: string;
      /**
       * @description service@environment
       * @example api@mainnet
       */
      target?: string;
      waitingFor: components["schemas"]["Waiting"];
      /** @description Persons who can end the wait; empty: it ends by itself, or anyone can */
      who: string[];
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
  listApprovals: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Gates that wait for a decision */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ApprovalPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getAttemptLog: {
    parameters: {
      query?: {
        /** @description In bytes */
        limit?: number;
        /** @description In bytes */
        offset?: number | null;
        /** @description Seconds to wait for more, where there is none yet */
        wait?: number | null;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A piece of the attempt's log */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LogChunk"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getCommit: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What the source says about a commit */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Commit"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createDecision: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["DecisionRequest"];
      };
    };
    responses: {
      /** @description Recorded */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["DecisionAnswer"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getDiff: {
    parameters: {
      query: {
        /** @description A full or abbreviated id, or a ref */
        commit: string;
        environment: string;
        /** @description One or more, separated by commas; without: all that are not manual */
        services?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What would be applied, target by target, against what is live */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Diff"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getDrift: {
    parameters: {
      query?: {
        /** @description One or more, separated by commas; without: all */
        environments?: string;
        /** @description One or more, separated by commas; without: all */
        services?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What is there now, target by target, against what the ledger says */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Drift"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listEnvironments: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Environments in policy order */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["EnvironmentPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  holdEnvironment: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["HoldRequest"];
      };
    };
    responses: {
      /** @description No deploy starts here until the hold is lifted */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  lockEnvironment: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["LockRequest"];
      };
    };
    responses: {
      /** @description Nothing starts on any target here until it is unlocked */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  unholdEnvironment: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Deploys start again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  unlockEnvironment: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What waited for the lock goes on */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Environment"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  streamEvents: {
    parameters: {
      query?: {
        /** @description Go on behind this `seq`; `Last-Event-ID` comes first */
        after?: number | null;
      };
      header?: {
        "last-event-id"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Messages, each with such data */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "text/event-stream": components["schemas"]["StreamEvent"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getGithub: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description How the server stands with GitHub */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["GithubStatus"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getHealth: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The server is there and owns the store */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ServerHealth"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listLedger: {
    parameters: {
      query: {
        /** @description `next` of the page before */
        cursor?: string;
        /** @description Items a page */
        limit?: number;
        /** @description service@environment */
        target: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What became live on a target, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LedgerPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createPlan: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["PlanRequest"];
      };
    };
    responses: {
      /** @description The plan */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Plan"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createRollback: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["RollbackRequest"];
      };
    };
    responses: {
      /** @description Admitted; the environment is held */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  previewRollback: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["RollbackPreviewRequest"];
      };
    };
    responses: {
      /** @description From, to and means for each target, and every problem */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["RollbackPreview"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listRuns: {
    parameters: {
      query?: {
        commit?: string;
        /** @description `next` of the page before */
        cursor?: string;
        kind?: components["schemas"]["RunKind"];
        /** @description Items a page */
        limit?: number;
        /** @description One or more, separated by commas */
        status?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Runs, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["RunPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createRun: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["DeployRequest"];
      };
    };
    responses: {
      /** @description Admitted; it goes on by itself */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getRun: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The run with its steps and their attempts */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["RunDetail"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  cancelRun: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["CancelRequest"];
      };
    };
    responses: {
      /** @description Nothing more of it starts */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Run"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  retryRun: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A new run that names the old one */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Admitted"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getSession: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Who this session acts as */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Session"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createSession: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SessionRequest"];
      };
    };
    responses: {
      /** @description Logged in: the answer sets the session's cookie */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Session"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listSnapshots: {
    parameters: {
      query: {
        /** @description `next` of the page before */
        cursor?: string;
        environment: string;
        /** @description Items a page */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Recorded sets that work together, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SnapshotPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listTargets: {
    parameters: {
      query?: {
        /** @description `next` of the page before */
        cursor?: string;
        environment?: string;
        /** @description Items a page */
        limit?: number;
        service?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The fleet: what is live on each target */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TargetPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  lockTarget: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["LockRequest"];
      };
    };
    responses: {
      /** @description Nothing starts on this target until it is unlocked */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Target"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  pinTarget: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["PinRequest"];
      };
    };
    responses: {
      /** @description Deploys and rollbacks skip it unless it is named */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Target"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  settleTarget: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SettleRequest"];
      };
    };
    responses: {
      /** @description The target is known again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Target"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  unlockTarget: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description What waited for the lock goes on */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Target"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  unpinTarget: {
    parameters: {
      query?: never;
      header?: {
        /** @description Chosen by the caller, one for each act; repeats are answered as the first was */
        "idempotency-key"?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Deploys and rollbacks take it again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Target"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listWaiting: {
    parameters: {
      query?: {
        /** @description `next` of the page before */
        cursor?: string;
        /** @description Items a page */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Every step that waits, over all open runs, the oldest run first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["WaitingPage"];
        };
      };
      /** @description What is wrong and what to do about it */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
