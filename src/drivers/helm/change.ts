import { isClusterError } from "../../cluster/errors.ts";
import { wait } from "../../host/wait.ts";
import { CommandFailed } from "../../engine/ports/driver.ts";
import { inputArguments, rollbackArguments, upgradeArguments } from "./arguments.ts";
import { type Chart, withChart } from "./chart.ts";
import { type Made, madeBy, preview, refusalOf } from "./guard.ts";
import { fetchChart, HelmError } from "./helm.ts";
import { hookNeeds } from "./hook-files.ts";
import { labelValue, markOf, rollbackMarks, upgradeMarks } from "./marks.ts";
import { conclude, isPending, label, readHistory, type Stored } from "./releases.ts";
import { CutShort, runHelm } from "./run.ts";
import type { Session } from "./session.ts";
import { errorOf, explain, isBusyElsewhere, isLost, readable } from "./words.ts";

/** What has become of it: applied; refused or failed; or `again`, where it may be asked once more. */
export type Outcome =
  | { readonly kind: "applied"; readonly revision: Stored }
  | { readonly kind: "failed"; readonly changed: boolean; readonly message: string }
  | { readonly kind: "again"; readonly why: string };

/** How long an API server that has gone away is waited for, to ask it what has become of a change; and never longer than what is left. */
const RETURN_MS = 120_000;

/** The commit's chart, as a new revision. */
export async function upgrade(session: Session, history: readonly Stored[], install: boolean): Promise<Outcome> {
  const { input, context, settings, helm, version, place, left } = session;
  const { chart: source, hooks } = settings;
  const next = (history.at(-1)?.revision ?? 0) + 1;
  const remote = () => (source.kind === "remote" ? fetchChart(helm, source) : Promise.reject(new Error("the chart is in the repository")));
  return await withChart(settings, { home: context.home, tree: context.tree, remote }, async (chart, scratch) => {
    const inputs = await inputArguments(settings, chart, input.definition.image ?? null, input.digest, scratch);
    const needs = hooks ? await hookNeeds(chart.path) : "none";
    const marks = Object.entries(upgradeMarks(input, next)).filter(([, value]) => !install || value !== "null");
    const labels = Object.fromEntries(marks);
    const options = { version, place, timeoutMs: left(), wait: needs === "ready", labels, description: descriptionOf(input), install };
    const args = upgradeArguments(settings, chart, inputs, options);
    if (input.definition.allowed !== undefined || needs !== "none") {
      const refused = await refusedBefore(session, chart, () => preview(session, { chart, inputs, install, args }));
      if (refused !== null) return refused;
    }
    return await carriedOut(session, history, next, args, { follow: needs !== "none", ready: needs === "ready", chart });
  });
}

/** A recorded revision again, as a new one. */
export async function rollBack(session: Session, history: readonly Stored[], to: Stored): Promise<Outcome> {
  const { input, cluster, settings, version, place, left } = session;
  const next = (history.at(-1)?.revision ?? 0) + 1;
  const refused = await refusalOf(session, madeBy(to, settings.hooks));
  if (refused !== null) return { kind: "failed", changed: false, message: refused };
  await label(cluster, settings.place, to.revision, rollbackMarks(to, input, next));
  const events = settings.hooks ? to.hooks.flatMap((hook) => hook.events) : [];
  const ready = events.includes("post-rollback");
  const args = rollbackArguments(settings, to.revision, { version, place, timeoutMs: left(), wait: ready });
  return await carriedOut(session, history, next, args, { follow: ready || events.includes("pre-rollback"), ready, chart: null });
}

/** Why Helm is not asked at all; null where it may be. What it refuses in a dry run it would refuse then. */
async function refusedBefore(session: Session, chart: Chart, made: () => Promise<Made>): Promise<Outcome | null> {
  try {
    const message = await refusalOf(session, await made());
    return message === null ? null : { kind: "failed", changed: false, message };
  } catch (error) {
    session.context.signal.throwIfAborted();
    if (!(error instanceof HelmError)) throw error;
    const said = readable(errorOf(error.message), chart.path, chart.title);
    if (isLost(said)) await whenItAnswers(session, () => readHistory(session.cluster, session.settings.place, "current"));
    return notBegun(said, isLost(said));
  }
}

function notBegun(said: string, lost: boolean): Outcome {
  if (isBusyElsewhere(said)) return { kind: "again", why: `another Helm has been quicker: ${said}` };
  if (lost) return { kind: "again", why: `Helm could not reach the API server: ${said}` };
  return { kind: "failed", changed: false, message: explain(said) };
}

function descriptionOf({ run, attempt, commit, digest }: Session["input"]): string {
  return `Sluice run ${run}, attempt ${attempt}: commit ${commit}${digest === null ? "" : `, ${digest}`}`;
}

type Waiting = { readonly follow: boolean; readonly ready: boolean; readonly chart: Chart | null };

async function carriedOut(
  session: Session,
  before: readonly Stored[],
  next: number,
  args: readonly string[],
  waiting: Waiting,
): Promise<Outcome> {
  const ending = new AbortController();
  const stop = waiting.follow ? (await import("./follow.ts")).follow(session, next, waiting.ready, ending) : null;
  let error: string | null = null;
  let cut = false;
  try {
    await runHelm(session, args, ending.signal);
  } catch (caught) {
    cut = caught instanceof CutShort;
    if (!cut && !(caught instanceof CommandFailed && caught.exitCode !== null)) throw caught;
    const text = caught instanceof CommandFailed ? errorOf(caught.message) : (caught as CutShort).message;
    error = waiting.chart === null ? text : readable(text, waiting.chart.path, waiting.chart.title);
  } finally {
    await stop?.();
  }
  return await outcomeOf(session, before, next, { error, cut });
}

/** By what Helm has recorded, whatever it has said: it may have ended before its last word was written, or after. */
async function outcomeOf(
  session: Session,
  before: readonly Stored[],
  next: number,
  { error, cut }: { readonly error: string | null; readonly cut: boolean },
): Promise<Outcome> {
  const { cluster, settings, title } = session;
  const history = await whenItAnswers(session, () => readHistory(cluster, settings.place, "current"));
  const made = await ownRevision(session, history, next);
  if (made?.status === "deployed") return { kind: "applied", revision: made };
  const lost = !cut && (error === null || isLost(error));
  if (made !== null && isPending(made.status)) {
    if (lost) return { kind: "again", why: `Helm has ended without the API server, and left revision ${made.revision} ${made.status}` };
    await conclude(cluster, settings.place, made.revision, `sluice: ${(error ?? "").split("\n")[0]?.slice(0, 200)}`);
  }
  const said = error ?? `Helm has left revision ${next} of ${title} unfinished`;
  if (made === null && error === null)
    return {
      kind: "failed",
      changed: true,
      message: `${title} was changed by somebody else as soon as this attempt had applied it: look at \`helm history\``,
    };
  if (made === null) return notBegun(said, lost);
  const { judge } = await import("./failure.ts");
  return { kind: "failed", ...(await judge(session, before, made, { said, cut })) };
}

/** The revision that this attempt has made. Where another Helm took the number that was expected, its marks name the wrong one, and are set right. */
async function ownRevision({ input, cluster, settings }: Session, history: readonly Stored[], next: number): Promise<Stored | null> {
  const expected = history.find(({ revision }) => revision === next);
  if (expected !== undefined && markOf(expected).attempt === labelValue(input.attempt)) return expected;
  const later = history.find((one) => one.revision > next && one.description === descriptionOf(input));
  if (later === undefined) return null;
  await label(cluster, settings.place, later.revision, upgradeMarks(input, later.revision));
  return later;
}

async function whenItAnswers<T>({ context, left }: Session, read: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const limit = Math.min(RETURN_MS, left());
  for (let tries = 0; ; tries++)
    try {
      return await read();
    } catch (error) {
      if (!isClusterError(error, "unreachable", "unavailable") || performance.now() - begun > limit) throw error;
      if (tries === 0) context.log("the API server does not answer: waiting for it, to see what has become of this");
      await wait(Math.min(200 * 2 ** tries, 3000), context.signal);
    }
}
