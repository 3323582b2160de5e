import type { ApplyInput } from "../../engine/ports/driver.ts";
import { cut, labelValue, markOf, otherTarget } from "./marks.ts";
import { isPending, type Revision } from "./releases.ts";

/** What has to happen before this attempt can change the release. */
export type Step =
  /** Helm can be asked. `said`: what is worth a line in the log. */
  | { readonly kind: "go"; readonly install: boolean; readonly said: string | null }
  /** This very attempt has been applied. */
  | { readonly kind: "done"; readonly revision: number }
  /** Back to what was good last, from what an attempt that is gone has left. */
  | { readonly kind: "restore"; readonly from: number; readonly to: number; readonly said: string }
  /** Left pending, with nothing to go back to: called failed, so that Helm goes on from it. */
  | { readonly kind: "conclude"; readonly revision: number; readonly said: string }
  /** A first install that has failed or was cut off: taken away again. */
  | { readonly kind: "uninstall"; readonly said: string }
  /** Somebody else is at work. */
  | { readonly kind: "wait"; readonly revision: number; readonly who: string }
  | { readonly kind: "refuse"; readonly message: string };

type Asker = Pick<ApplyInput, "attempt" | "project" | "lastGood"> & {
  /** Helm will be asked to go back to a revision, which it does from any state. */
  readonly goesBack: boolean;
  readonly service: string;
  readonly environment: string;
  /** How messages name the release. */
  readonly title: string;
  /** The command that lets another target have the release, by the label that says whose a revision is. */
  readonly handOver: (revision: number) => string;
};

/**
 * Decides by the revisions of a release (all of them, oldest first). Pure.
 * What a pending revision of ours has begun is over: the executor ends whatever an attempt has started before another one begins, and there is one attempt at a time.
 */
export function decide(history: readonly Revision[], asker: Asker): Step {
  const latest = history.at(-1);
  if (latest === undefined) return { kind: "go", install: true, said: null };
  const mark = markOf(latest);
  if (mark.project !== null && mark.project !== labelValue(asker.project)) return foreignProject(mark.project, asker);
  const other = otherTarget(latest, asker);
  if (other !== null) return foreignTarget(other, latest.revision, asker);
  const ours = mark.by !== null && mark.service === asker.service && mark.environment === asker.environment;
  const { status, revision } = latest;
  if (status === "deployed" && ours && mark.attempt === labelValue(asker.attempt)) return { kind: "done", revision };
  if (isPending(status))
    return ours ? repairOf(latest, history, asker) : { kind: "wait", revision, who: `revision ${revision}, ${status}` };
  if (status === "uninstalling")
    return ours && isFirst(history)
      ? { kind: "uninstall", said: left(latest, asker) }
      : { kind: "wait", revision, who: `revision ${revision}, uninstalling` };
  if (status === "failed" && ours && isFirst(history))
    return {
      kind: "uninstall",
      said: `the first install of ${asker.title} has failed (revision ${revision}): what it left is taken away before it is made again`,
    };
  if (status === "uninstalled") return { kind: "go", install: true, said: null };
  return { kind: "go", install: false, said: ours ? null : adopted(latest, asker) };
}

/** Whether the release has never been deployed: a failed first install that an upgrade came after is `superseded`, and so is a good one. */
function isFirst(history: readonly Revision[]): boolean {
  return history.every(
    ({ status }) => status === "failed" || status === "uninstalled" || status === "uninstalling" || status === "pending-install",
  );
}

function repairOf(latest: Revision, history: readonly Revision[], asker: Asker): Step {
  const { revision } = latest;
  const said = left(latest, asker);
  // its own Helm has lost the API server on the way: the same again goes on from where that was
  if (markOf(latest).attempt === labelValue(asker.attempt)) return { kind: "conclude", revision, said };
  if (isFirst(history)) return { kind: "uninstall", said: `${said}: what it left is taken away before it is made again` };
  if (asker.goesBack) return { kind: "go", install: false, said };
  const good = goodRevision(history, asker.lastGood);
  if (good !== null)
    return { kind: "restore", from: revision, to: good, said: `${said}: back to revision ${good} first, which was good last` };
  const deployed = history.findLast((one) => one.status === "deployed")?.revision;
  if (deployed === undefined) return { kind: "conclude", revision, said: `${said}, and nothing that was deployed is left to go back to` };
  return {
    kind: "restore",
    from: revision,
    to: deployed,
    said: `${said}: back to revision ${deployed} first, for what was good last is not kept any more`,
  };
}

const left = ({ revision, status }: Revision, { title }: Asker): string =>
  `an attempt that was cut off has left ${title} in ${status} at revision ${revision}`;

/** The newest revision that holds what the ledger says was good last. Helm's own word does not do: a revision that has failed is `superseded` like a good one. */
export function goodRevision(history: readonly Revision[], good: ApplyInput["lastGood"]): number | null {
  if (good === null) return null;
  const whole = history.filter(({ status }) => status === "deployed" || status === "superseded");
  const byAttempt = whole.findLast((one) => good.attempt !== null && markOf(one).attempt === labelValue(good.attempt));
  return (byAttempt ?? (good.fingerprint === "" ? undefined : whole.findLast((one) => holds(one, good.fingerprint))))?.revision ?? null;
}

/** Whether a revision was made from what has this fingerprint. */
export function holds(revision: Revision, fingerprint: string): boolean {
  const mark = markOf(revision);
  return mark.by !== null && mark.fingerprint === cut(fingerprint);
}

function adopted({ revision, labels, status }: Revision, { title, service, environment }: Asker): string {
  const mark = markOf({ revision, labels });
  if (mark.by !== null) return `${title} was handed over, and is ${service}@${environment} from now on`;
  return mark.project === null
    ? `${title} was not made by Sluice (revision ${revision}, ${status}): it is taken over as it is`
    : `${title} was changed by somebody else (revision ${revision}, ${status}): this goes over it`;
}

function foreignTarget(other: string, revision: number, { title, service, handOver }: Asker): Step {
  return {
    kind: "refuse",
    message: `${title} belongs to ${other}: only one of the two can deploy it. Give ${service} another \`release\`; or, where it takes the place of ${other} for good, hand the release over and retry: \`${handOver(revision)}\``,
  };
}

function foreignProject(project: string, { title, project: own }: Asker): Step {
  return {
    kind: "refuse",
    message: `${title} belongs to the project ${project}, and this is ${own}: choose another \`release\` or \`namespace\`; or, where ${project} has been given up, uninstall it there or take the label sluice.dev/project from its newest Secret`,
  };
}
