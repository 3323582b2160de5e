import type { CommitId, Digest, TargetId } from "../config/config.ts";
import type { Definition, PlannedArtifact } from "../plan/plan.ts";
import type { AttemptId, Cause, Live, RunId } from "./rows.ts";

/** What the core asks for. Each is idempotent under its `key`, is kept in the outbox until it is done, and comes back as an event. */
export type Effect =
  | { readonly type: "attempt.start"; readonly key: string; readonly attempt: AttemptSpec }
  /** TERM, then KILL after the grace; comes back as the attempt's end. */
  | { readonly type: "attempt.stop"; readonly key: string; readonly attempt: AttemptId }
  /** The driver's last known definition goes along; null where the target was never deployed by a run that is known. */
  | {
      readonly type: "target.observe";
      readonly key: string;
      readonly target: TargetId;
      readonly definition: Definition | null;
      readonly attempt: AttemptId | null;
    }
  /** Something has failed where policy says `onFailure: rollback`: comes back as a rollback that is admitted or declined. */
  | { readonly type: "rollback.ask"; readonly key: string; readonly cause: Cause }
  /** Somebody else is to push it: asked for again until it is there, then told as found; and whenever it cannot be told, why. `wait` numbers the wait: what is told of an earlier one says nothing. */
  | {
      readonly type: "artifact.await";
      readonly key: string;
      readonly build: string;
      readonly wait: number;
      readonly project: string;
      readonly commit: CommitId;
      readonly artifact: PlannedArtifact;
    }
  /** Nobody waits any more for what the effect of this key asks for. */
  | { readonly type: "artifact.forget"; readonly key: string; readonly asked: string }
  | { readonly type: "relation.ask"; readonly key: string; readonly release: CommitId; readonly live: CommitId }
  | {
      readonly type: "render.ask";
      readonly key: string;
      readonly run: RunId;
      readonly targets: readonly {
        readonly target: TargetId;
        readonly definition: Definition;
        readonly definitionDigest: Digest;
        readonly commit: CommitId;
        readonly digest: Digest | null;
      }[];
    };

export type AttemptSpec =
  | {
      readonly kind: "build";
      readonly id: AttemptId;
      readonly run: RunId;
      readonly project: string;
      readonly commit: CommitId;
      readonly artifact: PlannedArtifact;
    }
  | DeploySpec
  | VerifySpec;

export type DeploySpec = {
  readonly kind: "deploy";
  readonly id: AttemptId;
  readonly run: RunId;
  readonly project: string;
  readonly direction: "deploy" | "rollback";
  readonly target: TargetId;
  readonly commit: CommitId;
  readonly digest: Digest | null;
  readonly definition: Definition;
  /** Addresses of the needed services that say one. */
  readonly needs: Readonly<Record<string, string>>;
  /** Of what is applied. Absent in attempts of older versions, as `lastGood` is. */
  readonly fingerprint?: Digest | null;
  readonly lastGood?: LastGood | null;
  /** Whether what others have changed on the target since is set back: on the way back, and where a person has asked for the same again (`redeploy`). */
  readonly takeBack?: boolean;
  readonly timeoutMs: number;
};
/** What was good on a target last, by the ledger. */
export type LastGood = Pick<Live, "commit" | "digest" | "fingerprint" | "attempt">;
export type VerifySpec = Omit<DeploySpec, "kind"> & { readonly kind: "verify" | "soak"; readonly url: string | null };
