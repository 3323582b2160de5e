import type { CommitId, Digest, EnvironmentId, TargetId } from "../core/config/config.ts";
import type { Health, Time } from "../core/run/rows.ts";
import type { ObjectChange } from "./ports/driver.ts";
import type { CommitList } from "./ports/source.ts";

/** What a commit would change in an environment. */
export type EnvironmentDiff = {
  readonly commit: CommitId;
  readonly environment: EnvironmentId;
  readonly summary: {
    readonly targets: Readonly<Record<TargetDiff["change"], number>>;
    /** Of the targets that were compared object by object. */
    readonly objects: ObjectCounts;
  };
  readonly targets: readonly TargetDiff[];
  /** One for each commit that is live on one of the targets and that the source knows. */
  readonly commits: readonly { readonly from: CommitId; readonly brings: CommitList; readonly loses: CommitList }[];
};

/** What would be applied to a target: object by object against what is there, or as texts against what was applied last. Without secrets. */
export type TargetDiff = {
  readonly target: TargetId;
  readonly from: CommitId | null;
  readonly to: CommitId;
  /** Of what would be applied; null: it has no artifact, or that one is yet to be built. */
  readonly artifact: Digest | null;
  /** The artifact whose build has not ended: its digest is not part of what is compared. */
  readonly unbuilt: string | null;
  /** `unknown`: it could not be rendered, so nobody knows. */
  readonly change: "changed" | "same" | "unknown";
  /** Against what is there now; null: they are texts, since the driver knows no objects or could not compare. Those that are the same have no texts. */
  readonly objects: readonly ObjectDiff[] | null;
  /** Of all objects, also those that are not listed. */
  readonly counts: ObjectCounts | null;
  /** Why objects could not be compared. */
  readonly uncompared: string | null;
  /** null: objects were compared; nothing is live there; or what is live was not deployed by Sluice. */
  readonly before: string | null;
  /** null: objects were compared. */
  readonly after: string | null;
  /** Why it could not be rendered; then the texts are definitions. */
  readonly problem: string | null;
  /** There was too much: texts are cut to their beginnings, or the last objects are left out. */
  readonly cut: boolean;
};
export type ObjectCounts = Readonly<Record<ObjectChange["change"], number>>;
export type ObjectDiff = ObjectChange & { readonly cut: boolean };

/** What is there now, against what the ledger says. */
export type DriftReport = {
  readonly summary: Readonly<Record<TargetDrift["verdict"], number>>;
  readonly targets: readonly TargetDrift[];
};
export type TargetDrift = {
  readonly target: TargetId;
  /** `drift`: something differs, whatever else is not known. `unknown`: nothing was found to differ, and not all could be looked at. */
  readonly verdict: "none" | "drift" | "unknown";
  /** What the ledger says is live, and since when. */
  readonly commit: CommitId;
  readonly since: Time;
  /** What Sluice has deployed there last, and what objects are compared with; null: nothing, or nobody knows any more. */
  readonly deployed: CommitId | null;
  /** As its driver sees it; null: it could not be looked at. */
  readonly health: Health | null;
  /** How what is live is another than what the ledger says, in words. */
  readonly differences: readonly string[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly string[];
  /** Objects that were compared with what is recorded; null: none, since the driver knows none or could not. */
  readonly compared: number | null;
  /** Of these, those that differ. */
  readonly objects: readonly ObjectDrift[];
  /** There were too many, or their texts were too long. */
  readonly cut: boolean;
};
/** `missing`: what was deployed is gone. `extra`: there, and not part of what is recorded. */
export type ObjectDrift = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly drift: "missing" | "different" | "extra";
  readonly recorded: string | null;
  readonly live: string | null;
  readonly cut: boolean;
};
