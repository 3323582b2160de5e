import type { EnvironmentId, ServiceId } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import { UNKNOWN_COMMIT } from "../core/plan/relations.ts";
import type { Observed } from "../core/run/events.ts";
import type { LedgerRow, Live, TargetRow } from "../core/run/rows.ts";
import { Budget } from "./budget.ts";
import type { DriftReport, ObjectDrift, TargetDrift } from "./compared.ts";
import { RequestError, type Scope } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import { eachOf } from "./each.ts";
import { messageOf } from "./errors.ts";
import { ALL_LOOKS_MS, type Allowance, look, LOOKS_AT_ONCE, masked, secretsOf } from "./looks.ts";
import type { Driver, ObjectChange } from "./ports/driver.ts";
import type { Store } from "./ports/store.ts";
import { allTargets } from "./rollback-facts.ts";

/** For each question to a driver, in ms. */
const LOOK_MS = 60_000;
/** Entries of a target's ledger among which the last one that Sluice deployed is looked for. */
const LOOKED_BACK = 200;

type Terms = { readonly allowed: Allowance; readonly budget: Budget };
/** What is recorded of a target: the entry that Sluice deployed last, and how. */
type Recorded = { readonly entry: Pick<Live, "commit" | "digest">; readonly definition: Definition };

/** What is there now, against what the ledger says is live, for targets that have something live. What could not be looked at is `unknown`, and never no drift. Touches nothing, and records nothing. */
export async function driftOf(parts: DeployParts, scope: Scope): Promise<DriftReport> {
  await parts.loop.flush();
  const rows = await rowsOf(parts, scope);
  const terms = { allowed: { ms: LOOK_MS, until: parts.clock.now() + ALL_LOOKS_MS }, budget: new Budget() };
  const found = new Map<TargetRow, TargetDrift>();
  await eachOf(rows, LOOKS_AT_ONCE, async (row) => {
    const drift = await targetDrift(parts, terms, row);
    if (drift) found.set(row, drift);
  });
  const targets = rows.flatMap((row) => found.get(row) ?? []);
  const summary = { none: 0, drift: 0, unknown: 0 };
  for (const { verdict } of targets) summary[verdict] += 1;
  return { summary, targets };
}

/** Targets of the scope, environment by environment as policy has them, then those that policy no longer has. */
async function rowsOf({ store, configs, policyRef }: DeployParts, { environments, services }: Scope): Promise<readonly TargetRow[]> {
  const { policy, ref } = await configs.policy(policyRef);
  const known = new Set([...Object.keys(policy.environments), ...(await store.environments()).map((e) => e.id)]);
  const unknown = environments?.find((e) => !known.has(e));
  if (unknown !== undefined)
    throw new RequestError("not-found", `no environment ${unknown} in the policy of ${ref}`, `known: ${[...known].join(", ")}`);
  const all: TargetRow[] = [];
  for (const environment of known) if (environments?.includes(environment) ?? true) all.push(...(await allTargets(store, environment)));
  const nowhere = services?.find((s) => !all.some((row) => row.service === s));
  if (nowhere !== undefined) throw nothingOf(nowhere, environments);
  return all.filter((row) => services?.includes(row.service) ?? true);
}

const nothingOf = (service: ServiceId, environments: readonly EnvironmentId[] | null): RequestError =>
  new RequestError(
    "not-found",
    `nothing of a service ${service} has been deployed${environments ? ` in ${environments.join(", ")}` : ""}`,
    "sluice status shows what has",
  );

/** null: nothing is live there by the ledger. */
async function targetDrift(parts: DeployParts, terms: Terms, row: TargetRow): Promise<TargetDrift | null> {
  const entry = row.live ?? row.unknown?.live ?? row.gone;
  if (!entry) return null;
  const { recorded, source } = await recordOf(parts.store, row, entry);
  if (recorded?.definition.job) return null;
  const base = { target: row.id, commit: entry.commit, since: entry.since, deployed: recorded?.entry.commit ?? null };
  const blind = (why: string): TargetDrift => ({ ...base, ...NOTHING, verdict: "unknown", unknown: [why] });
  const before = unsettled(row);
  if (before !== null) return blind(before);
  const seen = await lookedAt(parts, terms, row, entry, recorded);
  const [now] = (await parts.store.targets({ service: row.service, environment: row.environment }, { limit: 1, cursor: null })).items;
  if (now?.live?.entry !== row.live?.entry || (now && unsettled(now) !== null))
    return blind("it was changed while it was looked at: ask again");
  const differences = [...outside(source, entry, recorded), ...seen.differences];
  const unknown = [...(recorded ? [] : [nothingRecorded(source)]), ...seen.unknown];
  const differs = differences.length > 0 || seen.objects.length > 0;
  return { ...base, ...seen, differences, unknown, verdict: differs ? "drift" : unknown.length > 0 ? "unknown" : "none" };
}

type Seen = Omit<TargetDrift, "target" | "verdict" | "commit" | "since" | "deployed">;
const NOTHING: Seen = { health: null, differences: [], unknown: [], compared: null, objects: [], cut: false };

/** Why nobody can say now what should be there; null: the ledger does. */
function unsettled({ busy, unknown }: TargetRow): string | null {
  if (unknown) return `attempt ${unknown.attempt} was cut off, and what it has left is not known yet`;
  return busy ? `run ${busy.run} changes it now (${busy.step})` : null;
}

/** How it came there, and what Sluice deployed there last. */
async function recordOf(store: Store, row: TargetRow, live: Live): Promise<{ source: LedgerRow["source"]; recorded: Recorded | null }> {
  if (live.definition !== "") {
    const definition = await store.definition(live.definition);
    return { source: "attempt", recorded: definition && { entry: live, definition } };
  }
  const { items } = await store.ledger(row.id, { limit: LOOKED_BACK, cursor: null });
  const last = items.find((entry) => entry.live && entry.definition !== null);
  const definition = last?.definition ? await store.definition(last.definition) : null;
  const source = items.find((entry) => entry.seq === live.entry)?.source ?? "external";
  return { source, recorded: last && definition ? { entry: last, definition } : null };
}

const nothingRecorded = (source: LedgerRow["source"]): string =>
  source === "attempt"
    ? "its recorded definition is gone, so there is nothing to compare it with"
    : "Sluice has never deployed it, so there is nothing to compare it with";

/** The ledger itself may say that somebody else was there. */
function outside(source: LedgerRow["source"], live: Live, recorded: Recorded | null): readonly string[] {
  if (source !== "external") return [];
  return [`${named(live.commit)} came from outside${recorded ? `; Sluice deployed ${named(recorded.entry.commit)} last` : ""}`];
}

const named = (commit: string): string => (commit === UNKNOWN_COMMIT ? "an unknown commit" : commit.slice(0, 12));

async function lookedAt(parts: DeployParts, terms: Terms, row: TargetRow, live: Live, recorded: Recorded | null): Promise<Seen> {
  if (!recorded) return NOTHING;
  const { definition } = recorded;
  const secrets = secretsOf([definition], parts.env);
  let driver: Driver;
  try {
    driver = await parts.driver(definition.driver);
  } catch (error) {
    return { ...NOTHING, unknown: [messageOf(error)] };
  }
  const there = await observed(parts, terms, row, driver, definition);
  const objects = await differing(parts, terms, row, driver, recorded, secrets);
  return {
    ...against(there, live),
    ...objects.found,
    unknown: blindness(there, objects.problem, row, definition.driver).map((text) => masked(text, secrets)),
  };
}

/** What could not be looked at: once, where the same keeps from both. */
function blindness(there: Observed, problem: string | null, row: TargetRow, driver: string): readonly string[] {
  const own = there.kind === "error" ? there.message.replace(`${row.id}: `, "") : null;
  if (own !== null && own === problem) return [`it could not be looked at: ${own}`];
  return [
    ...(own === null ? [] : [`what is live could not be looked at: ${own}`]),
    ...(there.kind === "unobservable" ? [`its driver ${driver} cannot say what is live`] : []),
    ...(problem === null ? [] : [`its objects could not be compared: ${problem}`]),
  ];
}

async function observed(parts: DeployParts, { allowed }: Terms, row: TargetRow, driver: Driver, definition: Definition): Promise<Observed> {
  if (!driver.capabilities.observe) return { kind: "unobservable" };
  try {
    const input = { project: parts.project, target: row.id, definition };
    return await look(parts, allowed, row.live?.commit ?? "", ({ signal, home }) => driver.observe(input, { signal, home }));
  } catch (error) {
    return { kind: "error", message: messageOf(error) };
  }
}

function against(there: Observed, live: Live): Pick<Seen, "health" | "differences"> {
  if (there.kind === "error" || there.kind === "unobservable") return { health: null, differences: [] };
  if (there.kind === "absent") return { health: "none", differences: ["nothing of it is there"] };
  const differences: string[] = [];
  if (there.commit !== null && there.commit !== live.commit)
    differences.push(`${named(there.commit)} is live, and the ledger says ${named(live.commit)}`);
  else if (there.attempt !== null && live.attempt !== null && there.attempt !== live.attempt)
    differences.push(`it was applied by attempt ${there.attempt}, and the ledger says ${live.attempt}`);
  if (there.digest !== null && live.digest !== null && there.digest !== live.digest)
    differences.push(`its artifact is ${there.digest}, and the ledger says ${live.digest}`);
  return { health: there.health, differences };
}

/** `problem`: why they could not be compared. */
type Differing = { readonly found: Pick<Seen, "compared" | "objects" | "cut">; readonly problem: string | null };
const NONE: Differing["found"] = { compared: null, objects: [], cut: false };

async function differing(
  parts: DeployParts,
  { allowed, budget }: Terms,
  row: TargetRow,
  driver: Driver,
  { entry, definition }: Recorded,
  secrets: readonly string[],
): Promise<Differing> {
  const input = { project: parts.project, target: row.id, commit: entry.commit, digest: entry.digest, definition };
  try {
    const compared = await look(parts, allowed, entry.commit, (context) => driver.compare?.(input, context) ?? Promise.resolve(null));
    if (compared === null) return { found: NONE, problem: null };
    const all = compared.filter(({ passing }) => passing !== true);
    const hide = (text: string | null): string | null => text && masked(text, secrets);
    const other = all.filter(({ change }) => change !== "same");
    const { objects, cut } = budget.objects(other.map((object) => ({ ...object, before: hide(object.before), after: hide(object.after) })));
    return { found: { compared: all.length, objects: objects.map(driftOfObject), cut }, problem: null };
  } catch (error) {
    return { found: NONE, problem: messageOf(error) };
  }
}

/** What applying what is recorded would change is what has changed since. */
const driftOfObject = ({ kind, name, namespace, change, before, after, cut }: ObjectChange & { cut: boolean }): ObjectDrift => ({
  kind,
  name,
  namespace,
  drift: change === "added" ? "missing" : change === "removed" ? "extra" : "different",
  recorded: after,
  live: before,
  cut,
});
