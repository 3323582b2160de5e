import { environmentOf } from "../core/config/names.ts";
import { UNKNOWN_COMMIT } from "../core/plan/relations.ts";
import type { Kept, Reason } from "../core/run/reason.ts";
import type { RunId, StepStatus } from "../core/run/rows.ts";

export type Explained = { readonly message: string; readonly command?: string };

/** What the words need beyond the reason itself: the run whose step it is, and that step's target, where it has one. */
export type ExplainContext = {
  readonly run: RunId;
  readonly kind: "deploy" | "rollback";
  readonly commit: string;
  readonly target?: string | undefined;
};

/** A commit id as people read it. */
export const shortCommit = (commit: string): string => commit.slice(0, 9);

/** A reason in words, with the command that ends the wait or goes on from here, where there is one. Commands leave out confirmation flags, so that a person is asked. */
export function explain(reason: Reason, context: ExplainContext): Explained {
  switch (reason.code) {
    // waiting
    case "approval":
      return withCommand("waits for a decision", `sluice approve ${shortCommit(reason.commit)} --env ${reason.environment}`);
    case "step":
      return { message: `waits for ${reason.step}` };
    case "wave":
      return { message: `waits until every member has ended in ${reason.environment}` };
    case "need":
      return needWaits(reason, context);
    case "promotion":
      return { message: `waits until this commit is good on ${reason.target}, ${inRun(reason.run, context)}` };
    case "queue":
      return {
        message:
          reason.run === null
            ? `waits for ${reason.target} to be free`
            : `waits for ${reason.target}, which ${inRun(reason.run, context)} has`,
      };
    case "hold":
      return withCommand(`waits for the hold on ${reason.environment}: ${reason.reason}`, `sluice unhold ${reason.environment}`);
    case "freeze":
      return {
        message: because(
          `waits for the end of the freeze of ${reason.environment}, ${new Date(reason.until).toISOString()}`,
          reason.reason,
        ),
      };
    case "lock":
      return withCommand(
        `waits for the lock on ${reason.on} by ${reason.by}${reason.until === null ? "" : ` until ${new Date(reason.until).toISOString()}`} (${reason.reason})`,
        `sluice unlock ${reason.on}`,
      );
    case "artifact":
      return { message: `waits until ${reason.reference} has been pushed${couldNotBeTold(reason.problem)}` };
    case "observing":
      return { message: `waits until the driver has said what is on ${reason.target}` };
    case "comparing":
      return { message: `waits until ${shortCommit(reason.release)} has been compared with ${shortCommit(reason.live)}, which is live` };
    case "rendering":
      return { message: `waits until what would be applied in ${reason.environment} has been rendered` };
    case "unsafe-order":
      return { message: `waits for ${reason.target}: what is live there needs the release that is to leave here` };
    // skipped
    case "already-live":
      return {
        message: `already live${reason.run === null || reason.run === context.run ? "" : `, by run ${reason.run}`}; --redeploy applies it again`,
      };
    case "newer-is-live":
      return reason.command === null
        ? {
            message: `newer is live: ${shortCommit(reason.live)}; this commit was never live and good there, so there is no way back to it`,
          }
        : withCommand(`newer is live: ${shortCommit(reason.live)}`, reason.command);
    case "already-there":
      return { message: "already there" };
    case "already-built":
      return { message: reason.run === null || reason.run === context.run ? "already built" : `already built by run ${reason.run}` };
    case "not-needed":
      return { message: "not needed" };
    case "no-members":
      return { message: "nothing here needs a decision any more" };
    case "pinned":
      return withCommand(`${reason.target} is pinned at ${shortCommit(reason.commit)} (${reason.reason})`, `sluice unpin ${reason.target}`);
    // blocked
    case "step-ended":
      return { message: `${reason.step} ${ended(reason.status)}` };
    case "need-ended":
      return clause(
        needEnded(reason.target, reason.run, reason.status, context),
        reason.kept == null ? null : keptWords(reason.kept, reason.target, context.commit),
        reason.target,
      );
    case "needs-timeout":
      return withCommand(`${reason.target} did not come in time`, reason.command);
    case "artifact-timeout":
      return withCommand(
        `${reason.reference} was not pushed in time${couldNotBeTold(reason.problem)}; once it is there`,
        `sluice run retry ${context.run}`,
      );
    case "not-good-before":
      return { message: `this commit was not good in ${reason.environment}` };
    case "diverged":
      if (reason.live === UNKNOWN_COMMIT) return fromOutside(context);
      return withCommand(
        `diverged: ${shortCommit(reason.live)} is live and ${shortCommit(reason.release)} does not contain it; --accept-diverged goes over it, and what would be lost is told by`,
        `git log --oneline ${shortCommit(reason.release)}..${shortCommit(reason.live)}`,
      );
    case "render-failed":
      return { message: `could not be rendered: ${reason.message}` };
    case "no-safe-order":
      return {
        message: `no safe order: it and ${reason.target} each wait for the other; bring both in one run, or cancel the run that is to bring the other`,
      };
    // failed, errored
    case "attempt":
      return { message: reason.message };
    case "unobservable":
      return withCommand(
        `the attempt was lost and no driver can say what is on ${reason.target}: look there, and say whether it was applied`,
        `sluice run settle ${reason.target}`,
      );
    case "lost-too-often":
      return { message: `its process was lost ${reason.times} times` };
    // cancelled, superseded
    case "cancelled":
      return { message: because(`cancelled by ${reason.by}`, reason.reason) };
    case "rejected":
      return { message: because(`rejected by ${reason.by}`, reason.reason) };
    case "rolled-back":
      return { message: `superseded by the rollback, run ${reason.run}` };
    case "superseded":
      return { message: `superseded by ${shortCommit(reason.commit)}, run ${reason.run}` };
    case "replaced":
      return {
        message: `${reason.target} has ${reason.commit === null ? "nothing" : shortCommit(reason.commit)} by now${reason.run === null ? "" : `, by run ${reason.run}`}`,
      };
    case "cut-short":
      return { message: `cut short by run ${reason.run}` };
    default:
      return ofAnotherVersion(reason);
  }
}

/** No commit is known that could be compared with. */
function fromOutside({ target, commit }: ExplainContext): Explained {
  const deploy = target === undefined ? "sluice deploy" : deployCommand(target, commit);
  return withCommand(
    "diverged: what is live was not deployed by Sluice, so nobody knows what this would go over; to take it over",
    `${deploy} --accept-diverged --reason "…"`,
  );
}

/** What keeps a needed target from coming, and what ends that. A lock may be the target's or the environment's: status says which. */
function keptWords(kept: Kept, target: string, commit: string): Explained {
  const environment = environmentOf(target);
  switch (kept) {
    case "pinned":
      return { message: "is pinned", command: `sluice unpin ${target}` };
    case "locked":
      return { message: "is locked", command: `sluice status --env ${environment}` };
    case "held":
      return { message: "is held", command: `sluice unhold ${environment}` };
    case "frozen":
      return { message: "is frozen" };
    case "manual":
      return { message: "is manual and not part of this run", command: deployCommand(target, commit) };
    default:
      return { message: kept satisfies never };
  }
}

function needWaits({ target, run, kept }: Extract<Reason, { readonly code: "need" }>, context: ExplainContext): Explained {
  const stop = kept === null ? null : keptWords(kept, target, context.commit);
  if (run !== null) return clause(`waits for ${target}, ${inRun(run, context)}`, stop, target);
  if (stop === null) return withCommand(`waits for ${target}, which nothing brings there`, deployCommand(target, context.commit));
  return stop.command === undefined
    ? { message: `waits for ${target}, which ${stop.message}` }
    : withCommand(`waits for ${target}, which ${stop.message}`, stop.command);
}

/** A sentence, and what is in the target's way. */
function clause(sentence: string, stop: Explained | null, target: string): Explained {
  if (stop === null) return { message: sentence };
  const message = `${sentence}; ${target} ${stop.message}`;
  return stop.command === undefined ? { message } : withCommand(message, stop.command);
}

const couldNotBeTold = (problem: string | null): string => (problem === null ? "" : `; whether it is there cannot be told: ${problem}`);
const withCommand = (message: string, command: string): Explained => ({ message: `${message}: ${command}`, command });
const because = (message: string, reason: string | null): string => (reason ? `${message}: ${reason}` : message);
const inRun = (run: RunId, context: ExplainContext): string => (run === context.run ? "this run" : `run ${run}`);

function deployCommand(target: string, commit: string): string {
  const [service, environment] = target.split("@");
  return `sluice deploy ${service} --env ${environment} --commit ${shortCommit(commit)}`;
}

function needEnded(target: string, run: RunId | null, status: StepStatus | null, context: ExplainContext): string {
  if (status === null) return `needs ${target}, and nothing can bring it there`;
  return run === null ? `needs ${target}, which ${ended(status)}` : `needs ${target}, which ${ended(status)} in ${inRun(run, context)}`;
}

/** A step status as the verb of a sentence. */
function ended(status: StepStatus): string {
  switch (status) {
    case "succeeded":
    case "failed":
    case "errored":
      return status;
    case "blocked":
    case "skipped":
    case "superseded":
    case "cancelled":
      return `was ${status}`;
    case "pending":
    case "waiting":
    case "running":
      return `is ${status}`;
    default:
      return status satisfies never;
  }
}

/** The store keeps rows of older versions, whose reasons this one may no longer know: better a bare word than a run that cannot be shown. */
function ofAnotherVersion(reason: never): Explained {
  return { message: (reason as Reason).code };
}
