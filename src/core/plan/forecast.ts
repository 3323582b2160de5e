import type { CommitId, Config, EnvironmentId, Json, TargetId } from "../config/config.ts";
import type { PolicyEdit } from "../config/release.ts";
import type { Plan } from "./plan.ts";

/** What is live on a target, against a commit that is not there yet. `new`: nothing is live. `unknown`: what is live is not in the source. */
export type Outlook = {
  readonly live: CommitId | null;
  readonly change: "new" | "changed" | "same" | "unknown";
  readonly diverged: boolean;
  readonly stop: "pinned" | "locked" | null;
};
/** What a deploy of a commit would do, were it on a branch. Nothing of the commit has run for it. */
export type Forecast = {
  readonly plan: Plan;
  readonly policy: { readonly ref: string; readonly commit: CommitId };
  readonly outlooks: Readonly<Record<TargetId, Outlook>>;
  /** Environments that take nothing from that branch. */
  readonly refused: readonly EnvironmentId[];
  readonly stops: Readonly<Record<EnvironmentId, readonly string[]>>;
  /** What the commit edits of policy, which counts once it is in the policy ref. */
  readonly edits: readonly PolicyEdit[];
  /** What it changes in the file, against that of the branch. */
  readonly changes: readonly string[];
};

/** What one file has otherwise than another, in words: services and artifacts, each with the keys that differ. */
export function configChanges(before: Config, after: Config): readonly string[] {
  return [...differences("service", before.services, after.services), ...differences("artifact", before.artifacts, after.artifacts)];
}

type Things = Readonly<Record<string, object>>;

function differences(word: string, before: Things, after: Things): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (old === undefined) return [`adds the ${word} ${name}`];
    if (now === undefined) return [`removes the ${word} ${name}${word === "service" ? ": what is live of it goes on running" : ""}`];
    const mine = new Map<string, Json>(Object.entries(now));
    const keys = Object.entries(old).flatMap(([key, value]) => (text(value as Json) === text(mine.get(key) ?? null) ? [] : [key]));
    return keys.length === 0 ? [] : [`edits the ${word} ${name}: ${keys.join(", ")}`];
  });
}

/** The order of keys says nothing in a config. */
function text(value: Json): string {
  return JSON.stringify(value, (_, node: Json) =>
    node !== null && typeof node === "object" && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  );
}
