import { createHash } from "node:crypto";
import type { ApplyInput } from "../../engine/ports/driver.ts";
import type { Revision } from "./releases.ts";

/**
 * The labels by which a revision is known again. They lie on its Secret from the moment that Helm makes it.
 *
 * Helm hands the labels of a revision on: an upgrade, whoever makes it, to the next one, a rollback to the one that it makes. So each mark names the revision that it was made for, and
 * holds for no other: `revision` for an upgrade's; `rollback-revision` for a rollback's, whose other labels are rightly those of the revision that it went back to.
 */
const OWN = "sluice.dev/";
const LABEL = {
  attempt: `${OWN}attempt`,
  run: `${OWN}run`,
  project: `${OWN}project`,
  service: `${OWN}service`,
  environment: `${OWN}environment`,
  commit: `${OWN}commit`,
  fingerprint: `${OWN}fingerprint`,
  digest: `${OWN}digest`,
  digestEnd: `${OWN}digest-end`,
  revision: `${OWN}revision`,
  rollbackAttempt: `${OWN}rollback-attempt`,
  rollbackRun: `${OWN}rollback-run`,
  rollbackRevision: `${OWN}rollback-revision`,
  /** Hash of what the revision held when it had been applied. */
  manifest: `${OWN}manifest`,
  /** On a failed revision: `false` where nothing of it came to the cluster. */
  changed: `${OWN}changed`,
} as const;

/** As long as a label's value may be, with room. */
const LONG = 40;

type Marked = Pick<ApplyInput, "attempt" | "run" | "project" | "commit" | "digest" | "fingerprint" | "definition">;

/** For `helm upgrade --labels`; `null` takes a label away that the revision before has handed on. */
export function upgradeMarks(input: Marked, revision: number): Readonly<Record<string, string>> {
  const { attempt, run, project, commit, digest, fingerprint, definition } = input;
  return {
    [LABEL.attempt]: labelValue(attempt),
    [LABEL.run]: labelValue(run),
    ...ownerMarks({ project, definition }),
    [LABEL.commit]: labelValue(commit),
    [LABEL.fingerprint]: fingerprint === null ? "null" : cut(fingerprint),
    [LABEL.digest]: digest === null ? "null" : cut(digest),
    [LABEL.digestEnd]: digest === null ? "null" : hexOf(digest).slice(LONG),
    [LABEL.revision]: String(revision),
    [LABEL.rollbackAttempt]: "null",
    [LABEL.rollbackRun]: "null",
    [LABEL.rollbackRevision]: "null",
    [LABEL.manifest]: "null",
    [LABEL.changed]: "null",
  };
}

/** For a revision that somebody else has made and that is taken over: whose it is from now on, and nothing of what was handed on to it, which says what the one before held. */
export function takenMarks(owner: Pick<Marked, "project" | "definition">): Readonly<Record<string, string | null>> {
  const handedOn = Object.values(LABEL).map((name) => [name, null] as const);
  return { ...Object.fromEntries(handedOn), ...ownerMarks(owner) };
}

function ownerMarks({ project, definition }: Pick<Marked, "project" | "definition">): Readonly<Record<string, string>> {
  return { [LABEL.project]: labelValue(project), [LABEL.service]: definition.service, [LABEL.environment]: definition.environment };
}

/** For the revision that a rollback goes back to, before Helm is run: the one that it makes, `next`, has them from the beginning. */
export function rollbackMarks(
  to: Pick<Revision, "revision" | "labels">,
  { attempt, run }: Pick<ApplyInput, "attempt" | "run">,
  next: number,
): Readonly<Record<string, string>> {
  const { by, attempt: own } = markOf(to);
  return {
    // its own mark makes room for the new one
    ...(by === "rollback" && own !== null
      ? { [LABEL.attempt]: own, [LABEL.run]: to.labels[LABEL.rollbackRun] ?? "", [LABEL.revision]: String(to.revision) }
      : {}),
    [LABEL.rollbackAttempt]: labelValue(attempt),
    [LABEL.rollbackRun]: labelValue(run),
    [LABEL.rollbackRevision]: String(next),
  };
}

export const manifestMark = (hash: string): Readonly<Record<string, string>> => ({ [LABEL.manifest]: hash });
export const unchangedMark: Readonly<Record<string, string>> = { [LABEL.changed]: "false" };

/** What is known of a revision by its labels. */
export type Mark = {
  /** Of the attempt that made it; null: somebody else did. */
  readonly attempt: string | null;
  /** How it was made, where an attempt did; null for whatever others have made of the labels. */
  readonly by: "upgrade" | "rollback" | null;
  readonly project: string | null;
  readonly service: string | null;
  readonly environment: string | null;
  readonly commit: string | null;
  readonly digest: string | null;
  /** Cut: compare with `cut`. */
  readonly fingerprint: string | null;
  readonly manifest: string | null;
  readonly changed: boolean;
};

export function markOf({ revision, labels }: Pick<Revision, "revision" | "labels">): Mark {
  const get = (name: string): string | null => labels[name] ?? null;
  const by = get(LABEL.revision) === String(revision) ? "upgrade" : get(LABEL.rollbackRevision) === String(revision) ? "rollback" : null;
  const [start, end] = [get(LABEL.digest), get(LABEL.digestEnd)];
  return {
    attempt: by === null ? null : get(by === "upgrade" ? LABEL.attempt : LABEL.rollbackAttempt),
    by,
    project: get(LABEL.project),
    service: get(LABEL.service),
    environment: get(LABEL.environment),
    commit: get(LABEL.commit),
    digest: start === null || end === null ? null : `sha256:${start}${end}`,
    fingerprint: get(LABEL.fingerprint),
    manifest: get(LABEL.manifest),
    changed: get(LABEL.changed) !== "false",
  };
}

/** Whose release it is by its newest revision, such as `api@devnet`, where that is another target than this one; null: it is this target's, nobody's, or no more. */
export function otherTarget(
  latest: Pick<Revision, "revision" | "labels" | "status"> | undefined,
  own: { readonly project: string; readonly service: string; readonly environment: string },
): string | null {
  if (latest === undefined || latest.status === "uninstalled") return null;
  const { project, service, environment } = markOf(latest);
  if (project === null || service === null || environment === null) return null;
  if (project !== labelValue(own.project)) return `${service}@${environment} of the project ${project}`;
  return service === own.service && environment === own.environment ? null : `${service}@${environment}`;
}

/** The revision whose labels a rollback by somebody else has handed on; null: none of ours. */
export function originOf({ labels }: Pick<Revision, "labels">): number | null {
  const revision = Number(labels[LABEL.revision]);
  return Number.isInteger(revision) && revision > 0 ? revision : null;
}

const hexOf = (digest: string): string => digest.replace(/^sha256:/, "");
export const cut = (digest: string): string => hexOf(digest).slice(0, LONG);

/** A text as a label's value: as it is where it can be one, else a hash of it. */
export function labelValue(text: string): string {
  return /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text) && text !== "null"
    ? text
    : createHash("sha256").update(text).digest("hex").slice(0, LONG);
}
