import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../../core/config/config.ts";
import { satisfies } from "../../core/plan/relations.ts";
import { type Forge, ForgeError } from "../../github/forge.ts";
import { isTarget, type Record, runIdOf, type RunRef, type TargetRecord } from "../../github/records/record.ts";
import { rowsOf } from "../../github/records/rows.ts";
import { newestHistory, relationBetween } from "./history.ts";
import { mustSayCommit } from "./inputs.ts";
import { code, short } from "./outputs.ts";
import { environmentOf, type Place } from "./place.ts";
import { planFor } from "./plan.ts";

/** Between two looks, in ms. */
const PAUSE = { first: 5_000, most: 60_000, times: 1.5 };

/** How a needed service stands. `coming`: something may bring it, named; `ended`: what could have brought it has not; `absent`: nothing is known that would. */
type Need = { readonly service: ServiceId; readonly is: "there" | "coming" | "ended" | "absent"; readonly words: string };

/** `sluice ci wait`: until what a service needs serves in its environment and contains what is needed (contract, section 4). Fails closed: it never goes on because it found nothing. */
export async function ciWait(place: Place, environment: EnvironmentId, service: ServiceId): Promise<ExitCode> {
  const { host, outputs } = place;
  const { needsTimeoutMs } = environmentOf(place, environment);
  const commit = await place.source.resolve(mustSayCommit(place.inputs));
  const { plan } = await planFor(place, commit, { services: [service], environments: [environment] });
  const needs = plan.members[`${service}@${environment}`]?.definition.needs ?? [];
  const forge = await host.forge();
  const deadline = host.clock.now() + needsTimeoutMs;
  for (let pause = PAUSE.first, said = ""; ; pause = Math.min(pause * PAUSE.times, PAUSE.most)) {
    const look = await lookAt(place, forge, environment, commit, needs);
    const open = "needs" in look ? look.needs.filter(({ is }) => is !== "there") : [];
    if ("needs" in look && open.length === 0) return done(place, environment, service, needs);
    const ended = open.filter(({ is }) => is === "ended");
    if (ended.length > 0)
      throw new CliError(
        EXIT.failed,
        `${service}@${environment} cannot come: ${ended.map((n) => n.words).join("; ")}`,
        commandFor(environment, commit, ended),
      );
    const words = "needs" in look ? open.map((n) => n.words).join("; ") : look.words;
    if (words !== said) outputs.say(`${service}@${environment} waits: ${words}`);
    said = words;
    // the budget of requests is everybody's: it is not asked before it is there again
    const until = Math.max(host.clock.now() + pause, "needs" in look ? 0 : (look.retryAt ?? 0));
    if (until > deadline)
      throw new CliError(
        EXIT.failed,
        `${service}@${environment} has waited for ${needsTimeoutMs / 1000} s (\`needsTimeout\`): ${words}`,
        commandFor(environment, commit, open),
      );
    await host.wait(until - host.clock.now(), host.interrupted);
  }
}

function done({ outputs }: Place, environment: EnvironmentId, service: ServiceId, needs: readonly ServiceId[]): ExitCode {
  outputs.say(`${service}@${environment}: ${needs.length === 0 ? "it needs nothing" : `what it needs serves: ${needs.join(", ")}`}`);
  outputs.summary(`${service} in ${environment} needs ${needs.map(code).join(", ") || "nothing"}: all of it serves.`);
  return EXIT.done;
}

const commandFor = (environment: EnvironmentId, commit: CommitId, needs: readonly Need[]): string | null =>
  needs.length === 0
    ? null
    : `What would end the wait: deploy ${needs.map((n) => n.service).join(", ")} of ${short(commit)} to ${environment}, or a newer commit`;

type Look = { readonly needs: readonly Need[] } | { readonly words: string; readonly retryAt: number | null };

/** Once. What cannot be asked now may be asked later; what is refused is refused. */
async function lookAt(
  place: Place,
  forge: Forge,
  environment: EnvironmentId,
  commit: CommitId,
  needs: readonly ServiceId[],
): Promise<Look> {
  try {
    const records = await newestHistory(forge, environment, needs);
    const found: Need[] = [];
    for (const need of needs) found.push(await needOf(place, forge, records, `${need}@${environment}`, need, commit));
    return { needs: found };
  } catch (error) {
    if (error instanceof ForgeError && (error.code === "unavailable" || error.code === "limited"))
      return { words: `GitHub does not answer: ${error.message}`, retryAt: error.retryAt };
    throw error;
  }
}

async function needOf(
  place: Place,
  forge: Forge,
  records: readonly Record[],
  target: TargetId,
  service: ServiceId,
  commit: CommitId,
): Promise<Need> {
  const own = records.filter((r): r is TargetRecord => isTarget(r) && r.target === target);
  const newest = own.at(-1);
  if (newest === undefined) return await withoutRecord(place, forge, target, service, commit);
  const live = servingOf(own);
  if (live !== null && (await isEnough(place, service, commit, live)))
    return { service, is: "there", words: `${target} serves ${short(live)}` };
  const enough = await isEnough(place, service, commit, newest.commit);
  const open = await openRuns(place, forge, [commit, newest.commit]);
  const state = STATES[newest.state];
  const words = `${target} ${state} ${short(newest.commit)}${enough ? "" : ", which does not contain what is needed"}`;
  if (newest.state === "under-way") {
    const run = await forge.workflowRun(runIdOf(newest.run));
    const goesOn = run !== null && run.conclusion === null && sameAttempt(run, newest.run);
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
async function withoutRecord(place: Place, forge: Forge, target: TargetId, service: ServiceId, commit: CommitId): Promise<Need> {
  const open = await openRuns(place, forge, [commit]);
  if (open.length > 0) return { service, is: "coming", words: `nothing is recorded of ${target}; under way: ${open.join(", ")}` };
  return { service, is: "absent", words: `nothing is recorded of ${target}, and no workflow run of ${short(commit)} is under way` };
}

/** Workflow runs that may bring it: of the commit or of the one that came last, but for this one, which only waits. */
async function openRuns({ inputs }: Place, forge: Forge, commits: readonly CommitId[]): Promise<readonly string[]> {
  const found = await Promise.all([...new Set(commits)].map((commit) => forge.openRuns(commit)));
  return [
    ...new Set(
      found
        .flat()
        .filter(({ id }) => id !== inputs.runId)
        .map(({ url }) => url),
    ),
  ];
}

const sameAttempt = (run: { readonly id: number; readonly attempt: number }, ref: RunRef): boolean => `${run.id}/${run.attempt}` === ref;

async function isEnough(place: Place, service: ServiceId, release: CommitId, live: CommitId): Promise<boolean> {
  if (release === live) return true;
  const relation = await relationBetween(place, release, live);
  return satisfies(() => relation, service, release, live) === true;
}

const STATES: Readonly<{ [state in TargetRecord["state"]]: string }> = {
  "under-way": "is being brought to",
  serving: "serves",
  good: "serves",
  changed: "has failed at",
  unchanged: "has failed at",
  unknown: "is in doubt at",
};
