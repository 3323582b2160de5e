import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { EnvironmentId, ServiceId } from "../../core/config/config.ts";
import { ForgeError } from "../../github/forge.ts";
import { type Facts, type Judged, judgeNeeds, saysEnded, saysLate, saysThere, saysWaits, type Waiting } from "../../github/needs/judge.ts";
import { FIRST_PAUSE_MS, nextPauseMs } from "../../github/pauses.ts";
import { once } from "../once.ts";
import { AS_THEY_ARE, newestHistory, relationsBetween } from "./history.ts";
import { mustSayCommit } from "./inputs.ts";
import { code } from "./outputs.ts";
import { environmentOf, type Place } from "./place.ts";
import { planFor } from "./plan.ts";

/** `sluice ci wait`: until what a service needs serves in its environment and contains what is needed. Fails closed: it never goes on because it found nothing. */
export async function ciWait(place: Place, environment: EnvironmentId, service: ServiceId): Promise<ExitCode> {
  const { host, outputs } = place;
  const { needsTimeoutMs } = environmentOf(place, environment);
  const commit = await place.source.resolve(mustSayCommit(place.inputs));
  const { plan } = await planFor(place, commit, { services: [service], environments: [environment] });
  const needs = plan.members[`${service}@${environment}`]?.definition.needs ?? [];
  const waiting: Waiting = { service, environment, commit, needs, run: place.inputs.runId };
  const forge = await host.forge();
  const relation = relationsBetween(place);
  // of all that it needs each thing is asked once a look: the budget of requests is the whole repository's
  const facts = (): Facts => ({
    forge: { openRuns: once((of) => forge.openRuns(of)), workflowRun: once((run) => forge.workflowRun(run)) },
    history: (of, services) => newestHistory(forge, of, () => Promise.resolve(services), AS_THEY_ARE),
    relation,
  });
  const deadline = host.clock.now() + needsTimeoutMs;
  for (let pause = FIRST_PAUSE_MS, said = ""; ; pause = nextPauseMs(pause)) {
    const { is, words, hint, retryAt } = await lookAt(facts, waiting);
    if (is === "there") return done(place, waiting);
    if (is === "ended") throw new CliError(EXIT.failed, saysEnded(waiting, words), hint);
    if (words !== said) outputs.say(saysWaits(waiting, words));
    said = words;
    // the budget of requests is everybody's: it is not asked before it is there again
    const until = Math.max(host.clock.now() + pause, retryAt);
    if (until > deadline) throw new CliError(EXIT.failed, saysLate(waiting, needsTimeoutMs, words), hint);
    await host.wait(until - host.clock.now(), host.interrupted);
  }
}

function done({ outputs }: Place, waiting: Waiting): ExitCode {
  const { service, environment, needs } = waiting;
  outputs.say(saysThere(waiting));
  outputs.summary(`${service} in ${environment} needs ${needs.map(code).join(", ") || "nothing"}: all of it serves.`);
  return EXIT.done;
}

/** What cannot be asked now may be asked later; what is refused is refused. */
async function lookAt(facts: () => Facts, waiting: Waiting): Promise<Judged & { readonly retryAt: number }> {
  try {
    const first = await judgeNeeds(facts(), waiting);
    const found = first.is === "ended" ? await judgeNeeds(facts(), waiting) : first;
    return { ...found, retryAt: 0 };
  } catch (error) {
    if (!(error instanceof ForgeError) || (error.code !== "unavailable" && error.code !== "limited")) throw error;
    return { is: "waits", words: `GitHub does not answer: ${error.message}`, hint: null, retryAt: error.retryAt ?? 0 };
  }
}
