import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../../core/config/config.ts";
import { satisfies } from "../../core/plan/relations.ts";
import type { RelationRow } from "../../core/run/rows.ts";
import type { Forge } from "../forge.ts";
import { isAt, isServers, isTarget, type Record, runIdOf, type TargetRecord } from "../records/record.ts";
import { rowsOf } from "../records/rows.ts";

/** How a needed service stands. `coming`: something may bring it, named; `ended`: what could have brought it has not; `absent`: nothing is known that would. */
type Need = { readonly service: ServiceId; readonly is: "there" | "coming" | "ended" | "absent"; readonly words: string };

/** Who waits, for what. */
export type Waiting = {
  readonly service: ServiceId;
  readonly environment: EnvironmentId;
  readonly commit: CommitId;
  readonly needs: readonly ServiceId[];
  /** The workflow run that waits: it brings nothing of that itself. */
  readonly run: number;
};

/** Where it is looked. What is read is as it was when it was read: one look reads each thing once, the records first. */
export type Facts = {
  readonly forge: Pick<Forge, "openRuns" | "workflowRun">;
  /** Records of an environment, enough of them to tell what these services serve. */
  readonly history: (environment: EnvironmentId, services: readonly ServiceId[]) => Promise<readonly Record[]>;
  readonly relation: (release: CommitId, live: CommitId) => Promise<RelationRow>;
};

/** `there`: all of it serves. `ended`: some of it will not come. What is not known for certain `waits`. */
export type Judged = {
  readonly is: "there" | "waits" | "ended";
  readonly words: string;
  /** What a person can do about it; null where nothing is left to do. */
  readonly hint: string | null;
};

/**
 * Whether what a service needs serves in its environment and contains what is needed (contract, section 4). It never says so because it found nothing.
 * `ended` is for certain only where a look that was begun after it says so too: what ended between two answers of one look may have said how.
 */
export async function judgeNeeds(facts: Facts, waiting: Waiting): Promise<Judged> {
  const { environment, commit, needs } = waiting;
  const records = needs.length === 0 ? [] : await facts.history(environment, needs);
  const found: Need[] = [];
  for (const need of needs) found.push(await needOf(facts, waiting, records, `${need}@${environment}`, need));
  const open = found.filter(({ is }) => is !== "there");
  const ended = open.filter(({ is }) => is === "ended");
  if (open.length === 0) return { is: "there", words: wordsOf(found), hint: null };
  const these = ended.length > 0 ? ended : open;
  return { is: ended.length > 0 ? "ended" : "waits", words: wordsOf(these), hint: commandFor(environment, commit, these) };
}

/** The same words, whoever waits. */
export const saysThere = ({ service, environment, needs }: Waiting): string =>
  `${service}@${environment}: ${needs.length === 0 ? "it needs nothing" : `what it needs serves: ${needs.join(", ")}`}`;
export const saysWaits = ({ service, environment }: Waiting, words: string): string => `${service}@${environment} waits: ${words}`;
export const saysEnded = ({ service, environment }: Waiting, words: string): string => `${service}@${environment} cannot come: ${words}`;
export const saysLate = ({ service, environment }: Waiting, timeoutMs: number, words: string): string =>
  `${service}@${environment} has waited for ${timeoutMs / 1000} s (\`needsTimeout\`): ${words}`;

const wordsOf = (needs: readonly Need[]): string => needs.map(({ words }) => words).join("; ");
const short = (commit: CommitId): string => commit.slice(0, 12);

const commandFor = (environment: EnvironmentId, commit: CommitId, needs: readonly Need[]): string =>
  `What would end the wait: deploy ${needs.map((n) => n.service).join(", ")} of ${short(commit)} to ${environment}, or a newer commit`;

async function needOf(facts: Facts, waiting: Waiting, records: readonly Record[], target: TargetId, service: ServiceId): Promise<Need> {
  const { commit } = waiting;
  const own = records.filter((r): r is TargetRecord => isTarget(r) && r.target === target);
  const newest = own.at(-1);
  if (newest === undefined) return await withoutRecord(facts, waiting, target, service);
  const live = servingOf(own);
  if (live !== null && (await isEnough(facts, service, commit, live)))
    return { service, is: "there", words: `${target} serves ${short(live)}` };
  const enough = await isEnough(facts, service, commit, newest.commit);
  const open = await openRuns(facts, waiting, [commit, newest.commit]);
  const state = STATES[newest.state];
  const words = `${target} ${state} ${short(newest.commit)}${enough ? "" : ", which does not contain what is needed"}`;
  if (newest.state === "under-way") {
    if (isServers(newest.run)) return { service, is: "coming", words: `${words} by a server of Sluice's` };
    const run = await facts.forge.workflowRun(runIdOf(newest.run));
    const goesOn = run !== null && run.conclusion === null && isAt(run, newest.run);
    if (goesOn) return { service, is: "coming", words: `${words} (${run.url})` };
    if (open.length === 0)
      return {
        service,
        is: enough ? "ended" : "absent",
        words: `${words}, and its workflow run ${run === null ? "is gone" : "has ended without saying how"}`,
      };
  }
  if (open.length > 0) return { service, is: "coming", words: `${words}; under way: ${open.join(", ")}` };
  // what would have been enough has ended otherwise, and nothing is left that could bring it
  return { service, is: enough ? "ended" : "absent", words };
}

/** The commit that serves, as the engine would have it; null: none, or nobody knows. */
function servingOf(records: readonly TargetRecord[]): CommitId | null {
  for (const change of rowsOf(records, null, 0))
    if (change.table === "target") return change.row.serving && !change.row.unknown ? (change.row.live?.commit ?? null) : null;
  return null;
}

/** Nothing was ever begun: its workflow may be on the way, was skipped, or is called otherwise. None of that is taken for done. */
async function withoutRecord(facts: Facts, waiting: Waiting, target: TargetId, service: ServiceId): Promise<Need> {
  const { commit } = waiting;
  const open = await openRuns(facts, waiting, [commit]);
  if (open.length > 0) return { service, is: "coming", words: `nothing is recorded of ${target}; under way: ${open.join(", ")}` };
  return { service, is: "absent", words: `nothing is recorded of ${target}, and no workflow run of ${short(commit)} is under way` };
}

/** Workflow runs that may bring it: of the commit or of the one that came last, but for the one that only waits. */
async function openRuns({ forge }: Facts, { run }: Waiting, commits: readonly CommitId[]): Promise<readonly string[]> {
  const found = await Promise.all([...new Set(commits)].map((commit) => forge.openRuns(commit)));
  return [
    ...new Set(
      found
        .flat()
        .filter(({ id }) => id !== run)
        .map(({ url }) => url),
    ),
  ];
}

async function isEnough({ relation }: Facts, service: ServiceId, release: CommitId, live: CommitId): Promise<boolean> {
  if (release === live) return true;
  const found = await relation(release, live);
  return satisfies(() => found, service, release, live) === true;
}

const STATES: Readonly<{ [state in TargetRecord["state"]]: string }> = {
  "under-way": "is being brought to",
  serving: "serves",
  good: "serves",
  changed: "has failed at",
  unchanged: "has failed at",
  unknown: "is in doubt at",
};
