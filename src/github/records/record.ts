import type { CommitId, Digest, EnvironmentId, JsonObject, ServiceId, TargetId } from "../../core/config/config.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { AttemptId, Time } from "../../core/run/rows.ts";
import type { NewDeployment, NewStatus } from "../forge.ts";

/** A workflow run and which attempt at it, as GitHub numbers them: `1234/1`. */
export type RunRef = `${number}/${number}`;

export const runIdOf = (run: RunRef): number => Number(run.split("/")[0]);
/** No workflow run has a zeroth attempt: it is a run of a server's, and GitHub does not know whether that is still at it. */
export const isServers = (run: RunRef): boolean => run.endsWith("/0");
export const serversRun = (run: string): RunRef => `${Number(run)}/0`;
/** Whether a workflow run is still at the attempt that is meant. */
export const isAt = (run: { readonly id: number; readonly attempt: number }, ref: RunRef): boolean => `${run.id}/${run.attempt}` === ref;

/**
 * How an act on a target stands, by the last status of its record. `under-way`: there is none, so an attempt may be or have been at it. `serving`: deployed and verified, and its soak goes on.
 * `changed` and `unchanged`: it failed, and the target is another than before or not. `unknown`: nobody can tell.
 */
export type RecordState = "under-way" | "serving" | "good" | "changed" | "unchanged" | "unknown";

/** What is written when it is known. */
export type EndState = Exclude<RecordState, "under-way">;

/** One act on one target: a deployment of GitHub's that is ours. */
export type TargetRecord = {
  readonly kind: "deploy" | "rollback";
  /** GitHub's number of the deployment; later ones are greater. */
  readonly id: number;
  readonly target: TargetId;
  readonly service: ServiceId;
  readonly environment: EnvironmentId;
  readonly commit: CommitId;
  readonly attempt: AttemptId;
  readonly run: RunRef;
  readonly digest: Digest | null;
  readonly fingerprint: Digest;
  readonly definition: Definition;
  readonly by: string;
  readonly createdAt: Time;
  readonly state: RecordState;
  /** When its last status was set; null: there is none. */
  readonly at: Time | null;
  /** When what is on the target was told first: it became live, or did not. */
  readonly enteredAt: Time | null;
  /** It was good once, whatever its checks said later. */
  readonly wasGood: boolean;
  readonly url: string | null;
};

/** What a person, or a rollback, has put in the way: it stands, or was lifted. */
type Stop = {
  readonly id: number;
  readonly environment: EnvironmentId;
  readonly by: string;
  readonly reason: string;
  readonly createdAt: Time;
  readonly lifted: boolean;
};
export type HoldRecord = Stop & {
  readonly kind: "hold";
  /** null: a person's own. */
  readonly run: RunRef | null;
  /** The rollback that has left it: the recorded set that it goes back to, and which targets go. null: a person's own. */
  readonly rollback: { readonly to: string; readonly targets: readonly TargetId[] } | null;
};
export type LockRecord = Stop & {
  readonly kind: "lock";
  /** null: the environment as a whole. */
  readonly target: TargetId | null;
  /** It ends by itself then. */
  readonly until: Time | null;
};
/** A target is kept at a commit. */
export type PinRecord = Stop & { readonly kind: "pin"; readonly target: TargetId; readonly commit: CommitId };
export type StopRecord = HoldRecord | LockRecord | PinRecord;

export type Record = TargetRecord | StopRecord;
export const isTarget = (record: Record): record is TargetRecord => record.kind === "deploy" || record.kind === "rollback";

const PREFIX = "sluice:";
export const recordTask = (service: ServiceId): string => `${PREFIX}${service}`;
/** One for all that stands in the way, so that it is one question. */
export const STOP_TASK = `${PREFIX}stop`;
export const isOurs = (task: string): boolean => task.startsWith(PREFIX);

/** The form of what is written; a reader of another form refuses it. */
export const FORM = 1;

/** What is known of an act before anything of it is started. That it may be is said by the record alone, so that it costs no status. */
export type NewRecord = Pick<
  TargetRecord,
  "kind" | "target" | "environment" | "service" | "commit" | "attempt" | "run" | "digest" | "fingerprint" | "definition"
> & { readonly production: boolean };

export function deploymentOf(record: NewRecord): NewDeployment {
  const { kind, target, attempt, run, digest, fingerprint, definition } = record;
  return {
    sha: record.commit,
    environment: record.environment,
    task: recordTask(record.service),
    payload: { sluice: FORM, kind, target, attempt, run, digest, fingerprint, definition: definition as unknown as JsonObject },
    description: cut(`${target} ${record.commit.slice(0, 12)}`),
    production: record.production,
  };
}

type Told<R extends StopRecord> = Omit<R, "id" | "createdAt" | "lifted">;
export type StopSaid = Told<HoldRecord> | Told<LockRecord> | Told<PinRecord>;
export type NewStop = StopSaid & {
  /** On GitHub a deployment is of a commit: that of a pin, or any. */
  readonly commit: CommitId;
  readonly production: boolean;
};

export function stopDeploymentOf(stop: NewStop): NewDeployment {
  const { kind, environment, by, reason, commit } = stop;
  return {
    sha: commit,
    environment,
    task: STOP_TASK,
    payload: { sluice: FORM, kind, by, reason, ...about(stop) },
    description: cut(`${STANDS[kind]} by ${by}: ${reason}`),
    production: stop.production,
  };
}

function about(stop: NewStop): JsonObject {
  if (stop.kind === "hold") return { run: stop.run, rollback: stop.rollback === null ? null : { ...stop.rollback } };
  return stop.kind === "lock" ? { target: stop.target, until: stop.until } : { target: stop.target };
}

/** How a state is written. Descriptions begin with the words that `recordsOf` reads. */
export function statusOf(
  state: EndState,
  more: { readonly message?: string | null; readonly url?: string | null; readonly logUrl?: string | null } = {},
): NewStatus {
  const [is, words] = WRITTEN[state];
  const message = more.message ? `: ${more.message.replaceAll(/\s+/g, " ")}` : "";
  return {
    state: is,
    description: cut(`${words}${message}`),
    ...(more.url ? { url: more.url } : {}),
    ...(more.logUrl ? { logUrl: more.logUrl } : {}),
  };
}

export const LIFTED = "lifted";
const STANDS = { hold: "held", lock: "locked", pin: "pinned" } as const;
export const standsStatus = (kind: StopRecord["kind"]): NewStatus => ({ state: "in_progress", description: STANDS[kind] });
export const liftedStatus = (by: string): NewStatus => ({ state: "inactive", description: cut(`${LIFTED} by ${by}`) });

export const WRITTEN: Readonly<{ [state in EndState]: readonly [NewStatus["state"], string] }> = {
  serving: ["in_progress", "serving"],
  good: ["success", "good"],
  changed: ["failure", "failed: changed"],
  unchanged: ["failure", "failed: nothing changed"],
  unknown: ["error", "nobody can tell what is there"],
};

/** Of a deployment's description, and of a status's: as GitHub has it. */
const LONGEST = 140;
export const cut = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);
