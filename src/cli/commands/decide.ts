import { idempotencyKey, type Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import { answer, everyItem, PAGE_SIZE } from "../api.ts";
import type { Connection } from "../context.ts";
import { CliError, Interrupted } from "../exit.ts";
import { table } from "../output/table.ts";
import { serviceOf } from "../../core/config/names.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Session } from "../session.ts";
import { approvedText, exceptionLines, type Gates, gatesOf, pendingApprovals } from "./approvals.ts";
import { commitLines } from "./commits.ts";
import { diffLines, fetchDiff, summaryLines } from "./diff.ts";
import { commitText } from "./shown.ts";
import { stopsIn, targetStops } from "./stops.ts";

export type Decision = {
  readonly verdict: "approved" | "rejected";
  /** As it was given: an id, which may be abbreviated, or a ref. */
  readonly commit: string;
  readonly environment: string;
  readonly comment: string | null;
  readonly expect: string | null;
  readonly only: readonly string[] | null;
  readonly except: readonly string[] | null;
  readonly emergency: boolean;
  readonly yes: boolean | undefined;
};

/** The set where nothing waits, as the core tells it: what comes before the request arrives was not shown. */
const NOTHING = fingerprint({});
/** Services that are named in a request: an address has room for some. */
const MOST_NAMED = 50;
/** Targets and commits of a difference that are shown before the question; `sluice diff` shows all. */
const MOST_TARGETS = 20;
const MOST_COMMITS = 10;

/** What was recorded, and of which commit: a ref such as HEAD means another one tomorrow. */
export type Recorded = Schemas["DecisionAnswer"] & { readonly commit: string };

/** Shows every gate that the decision is about, asks, and has it recorded. */
export async function decide(session: Session, connection: Connection, decision: Decision): Promise<Recorded> {
  const { client } = connection;
  const { verdict, environment, comment, emergency } = decision;
  const { id } = await answer(client.GET("/api/v1/commits/{id}", { params: { path: { id: decision.commit } } }));
  const gate = await gateOf(connection, id, environment);
  if (gate) {
    await show(session, connection, gate, decision);
    await session.confirm(questionOf(decision), decision.yes);
  }
  // What has just been shown is what is decided on, and nothing that came meanwhile; also where nobody was asked.
  const seen = gate?.all[0].set ?? NOTHING;
  const [only, except] = [decision.only && [...decision.only], decision.except && [...decision.except]];
  const recorded = await answer(
    client.POST("/api/v1/decisions", {
      params: { header: { "idempotency-key": idempotencyKey() } },
      body: { verdict, commit: id, environment, comment, expect: decision.expect ?? seen, only, except, emergency },
    }),
  );
  return { commit: id, ...recorded };
}

/** What waits for a decision on the commit there; null: nothing. */
async function gateOf(connection: Connection, commit: string, environment: string): Promise<Gates | null> {
  const gates = gatesOf(await pendingApprovals(connection));
  return gates.find((gate) => gate.commit === commit && gate.environment === environment) ?? null;
}

function questionOf({ verdict, emergency }: Decision): string {
  if (verdict === "rejected") return "Reject this?";
  return emergency ? "Approve this as an emergency, to be reviewed afterwards?" : "Approve this?";
}

async function show(session: Session, connection: Connection, gate: Gates, decision: Decision): Promise<void> {
  const { commit, environment } = gate;
  const meant = gate.members.filter((member) => isMeant(serviceOf(member), decision));
  session.say(
    `${commitText(commit, gate.subject)} in ${environment}, ${gate.all.length === 1 ? "run" : "runs"} ${listed(gate.all.map(({ run }) => run))}`,
  );
  const targets = await targetsIn(connection, environment);
  const live = new Map(targets.map((target) => [`${target.service}@${target.environment}`, target.commit]));
  const rows = meant.map((member) => {
    const from = live.get(member) ?? null;
    const runs = gate.all.filter(({ members }) => members.includes(member)).map(({ run }) => run);
    return [`  ${member}`, from === null ? "-" : shortCommit(from), shortCommit(commit), listed(runs)];
  });
  session.say(table(["  MEMBER", "LIVE", "NEW", "RUNS"], rows, session.width));
  const others = gate.members.filter((member) => !meant.includes(member));
  if (others.length > 0) session.say(`  not decided on now: ${listed(others)}`);
  for (const { target, why } of gate.all.flatMap(({ leftOut }) => leftOut)) session.say(`  left out: ${target}, ${safe(why)}`);
  if (gate.all.some((approval) => approval.count > 1)) session.say(`  approved: ${approvedText(gate)}`);
  const stopped = await stopsIn(connection, [environment]);
  const locked = targets.filter((target) => target.lock && meant.includes(`${target.service}@${target.environment}`)).flatMap(targetStops);
  for (const line of [...stopped, ...locked]) session.say(`  ${session.colors.yellow(line)}`);
  for (const line of exceptionLines(gate)) session.say(`  ${session.colors.yellow(line)}`);
  if (decision.verdict === "approved") await showDiff(session, connection, gate, meant.map(serviceOf));
}

/** The commits that come along and the aggregate difference, in short. */
async function showDiff(session: Session, connection: Connection, gate: Gates, services: readonly string[]): Promise<void> {
  if (session.json || services.length === 0) return;
  try {
    const { commit, environment } = gate;
    const found = await session.patiently(fetchDiff(connection, commit, environment, services.length > MOST_NAMED ? [] : services));
    const targets = found.targets.filter(({ target }) => services.includes(serviceOf(target)));
    const more = targets.filter(({ change }) => change !== "same").slice(MOST_TARGETS);
    const shown = targets.filter((target) => !more.includes(target));
    session.say(
      [
        ...summaryLines({ ...found, targets }, session.colors),
        ...commitLines(session, { ...found, targets }, MOST_COMMITS),
        ...(await diffLines(session.colors, { ...found, targets: shown }, false)),
        ...(more.length > 0
          ? [`and ${count(more.length, "more target")}: sluice diff --env ${environment} --commit ${shortCommit(commit)}`]
          : []),
      ].join("\n"),
    );
  } catch (error) {
    // At 3 am a source that cannot be read must not stand between a person and the decision.
    if (!(error instanceof CliError) || error instanceof Interrupted) throw error;
    session.warn(`what would change cannot be shown: ${error.message}`);
  }
}

const isMeant = (service: string, { only, except }: Decision): boolean => (only?.includes(service) ?? true) && !except?.includes(service);

async function targetsIn({ client }: Connection, environment: string): Promise<readonly Schemas["Target"][]> {
  return everyItem((cursor) =>
    answer(
      client.GET("/api/v1/targets", { params: { query: { environment, limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } } }),
    ),
  );
}

/** What was decided, in words. */
export function decisionText(decision: Decision, recorded: Recorded): string {
  const members = `${count(recorded.targets.length, "member")}${recorded.targets.length === 0 ? "" : ` (${listed(recorded.targets)})`}`;
  const runs = recorded.runs.length === 0 ? "" : `, ${recorded.runs.length === 1 ? "run" : "runs"} ${listed(recorded.runs)}`;
  return `${shortCommit(recorded.commit)} ${recorded.already ? `was ${decision.verdict} already` : decision.verdict} in ${decision.environment}: ${members}${runs}`;
}
