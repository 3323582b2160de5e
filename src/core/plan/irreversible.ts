import type { CommitId, ServiceId } from "../config/config.ts";

/** A commit that a rollback would take back, and what of it cannot be. */
export type IrreversibleCommit = {
  readonly commit: CommitId;
  readonly subject: string;
  /** Names in its trailers `Irreversible:`; `*` and an empty trailer stand for every service. */
  readonly names: readonly string[];
  /** Of the paths that were asked about, those that it changes. */
  readonly paths: readonly string[];
};
/** Why a target cannot go back; `commit`: null where that could not be found out. */
export type Barrier = { readonly commit: CommitId | null; readonly why: string };

/**
 * What keeps a service from going back behind these commits (newest first): the newest one that names it, or that changes one of its irreversible paths.
 * A trailer that names no service that is `known` counts for every service: a slip of the pen must not let a rollback through.
 */
export function barrierOf(
  service: ServiceId,
  paths: readonly string[],
  commits: readonly IrreversibleCommit[],
  known: ReadonlySet<ServiceId>,
): Barrier | null {
  const found = commits.flatMap((c) => {
    const why = whyOf(service, paths, c, known);
    return why === null ? [] : [{ ...c, why }];
  });
  const [newest, ...others] = found;
  if (!newest) return null;
  const more = others.length > 0 ? `, nor can ${others.length} more` : "";
  const { commit, subject, why } = newest;
  return { commit, why: `commit ${commit.slice(0, 12)} (${subject}) cannot be taken back: it ${why}${more}` };
}

/** How the commit bars the service from going back behind it; null: it does not. */
function whyOf(
  service: ServiceId,
  paths: readonly string[],
  { names, paths: changed }: IrreversibleCommit,
  known: ReadonlySet<ServiceId>,
): string | null {
  const touched = paths.find((path) => changed.includes(path));
  if (touched !== undefined) return `changes ${touched}`;
  const meant = names.find((name) => name === service || name === "" || name === "*" || !known.has(name));
  return meant === undefined ? null : `says Irreversible: ${meant || "*"}`;
}
