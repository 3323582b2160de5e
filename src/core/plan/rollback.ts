import type { Digest, Policy, ServiceId, TargetId } from "../config/config.ts";
import { resolvePrincipals } from "../config/principals.ts";
import type { Live, SnapshotRow, TargetRow } from "../run/rows.ts";
import { changing } from "../run/status.ts";
import { lastStep, toEnvironment } from "./deploy.ts";
import { fingerprint } from "./fingerprint.ts";
import { topological } from "./graph.ts";
import type { Definition, Member, Plan, PlannedStep } from "./plan.ts";
import { type Relations, satisfies } from "./relations.ts";

export type RollbackPlanInput = {
  readonly project: string;
  readonly policy: Policy;
  readonly snapshot: SnapshotRow;
  /** null: the whole set. */
  readonly services: readonly ServiceId[] | null;
  /** Every target of the environment. */
  readonly targets: readonly TargetRow[];
  /** Recorded definitions by digest. */
  readonly definitions: ReadonlyMap<Digest, Definition>;
  /** Artifacts that are gone. */
  readonly gone: ReadonlySet<Digest>;
  /** Must know every pair of a target's live and recorded commit with those of what it needs. */
  readonly relations: Relations;
};
export type RollbackTarget = {
  readonly target: TargetId;
  readonly from: Live | null;
  readonly to: Live;
  readonly means: string;
  readonly skip: string | null;
};
export type RollbackProblem = { readonly target: TargetId | null; readonly message: string; readonly hint: string };
export type RollbackPlanResult = {
  readonly plan: Plan;
  readonly targets: readonly RollbackTarget[];
  readonly problems: readonly RollbackProblem[];
};

/** Section 7: the recorded set, in an order that keeps every need satisfied at each moment; with every problem, before anything is touched. */
export function planRollback(input: RollbackPlanInput): RollbackPlanResult {
  const problems: RollbackProblem[] = [];
  const live = new Map(input.targets.map((t) => [t.id, t]));
  const targets: RollbackTarget[] = [];
  const members: Member[] = [];
  for (const [id, to] of Object.entries(input.snapshot.entries) as [TargetId, Live][]) {
    const service = id.slice(0, id.lastIndexOf("@"));
    if (input.services && !input.services.includes(service)) continue;
    const definition = input.definitions.get(to.definition);
    if (!definition) {
      problems.push({ target: id, message: "its recorded definition is gone", hint: "deploy that commit again instead" });
      continue;
    }
    const now = live.get(id);
    const there = now !== undefined && isThere(now, to);
    if (!there && to.digest !== null && input.gone.has(to.digest))
      problems.push({
        target: id,
        message: `its artifact ${to.digest} is gone`,
        hint: `choose another snapshot with --to, or build it again: sluice deploy ${service} --commit ${to.commit}`,
      });
    targets.push({
      target: id,
      from: now?.live ?? null,
      to,
      means: `${definition.driver}: apply the recorded definition and artifact`,
      skip: there ? "already there" : null,
    });
    members.push(toMember(input, id, service, definition, to, now?.live ?? null));
  }
  for (const service of input.services ?? [])
    if (!input.snapshot.entries[`${service}@${input.snapshot.environment}`])
      problems.push({
        target: `${service}@${input.snapshot.environment}`,
        message: "it is not part of that snapshot",
        hint: "sluice status shows what is live; leave it out or choose another snapshot with --to",
      });
  const notes = input.targets
    .filter((t) => t.live && !input.snapshot.entries[t.id])
    .map((t) => `${t.id} did not exist then and is left as it is`);
  if (targets.every((t) => t.skip !== null) && problems.length === 0)
    problems.push({ target: null, message: "every target is already there", hint: "choose another set with --to <snapshot|commit|time>" });

  const edges = orderOf(input, targets, problems);
  const environment = toEnvironment(input, input.snapshot.environment);
  const approval = input.policy.environments[environment.id]?.rollback ?? null;
  const parts = {
    kind: "rollback" as const,
    project: input.project,
    release: { commit: input.snapshot.release },
    promotion: "stream" as const,
    artifacts: {},
    environments: {
      [environment.id]: { ...environment, approval, approvers: resolvePrincipals(approval?.approvers ?? [], input.policy.teams) },
    },
    members: Object.fromEntries(members.map((m) => [m.target, m])),
  };
  const steps = toSteps(members, edges, approval !== null, environment.id, problems);
  return { plan: { fingerprint: fingerprint(parts), ...parts, steps, manual: [], notes }, targets, problems };
}

function toMember(
  input: RollbackPlanInput,
  target: TargetId,
  service: ServiceId,
  definition: Definition,
  to: Live,
  from: Live | null,
): Member {
  return {
    target,
    service,
    environment: input.snapshot.environment,
    commit: to.commit,
    // a rollback does not soak
    definition: definition.verify ? { ...definition, verify: { ...definition.verify, soakMs: 0 } } : definition,
    definitionDigest: to.definition,
    artifact: null,
    promotesFrom: [],
    recorded: { digest: to.digest, fingerprint: to.fingerprint, from: from?.commit ?? null },
  };
}

/** Live and good already, and nothing is about to change that. */
function isThere(there: TargetRow, to: Live): boolean {
  const { live, serving, good, unknown } = there;
  return live?.commit === to.commit && live.fingerprint === to.fingerprint && serving && good && unknown === null && !changing(there);
}

/** `before` must have moved when `after` moves. */
type Edge = { readonly before: TargetId; readonly after: TargetId };

/** The order is decided per pair: who needs leaves first, unless its recorded commit asks for more than what is there now. */
function orderOf(input: RollbackPlanInput, targets: readonly RollbackTarget[], problems: RollbackProblem[]): readonly Edge[] {
  const environment = input.snapshot.environment;
  const moving = new Set(targets.filter((t) => t.skip === null && t.from !== null).map((t) => t.target));
  const from = new Map(input.targets.flatMap((t) => (t.live ? [[t.id, t.live] as const] : [])));
  const to = new Map([...from, ...targets.map((t) => [t.target, t.to] as const)]);
  const edges: Edge[] = [];
  for (const [w, wFrom] of from) {
    const wTo = to.get(w) ?? wFrom;
    for (const service of new Set([...wFrom.needs, ...wTo.needs])) {
      const b: TargetId = `${service}@${environment}`;
      const bFrom = from.get(b);
      if (!bFrom || (!moving.has(w) && !moving.has(b))) continue;
      const fits = (release: Live, live: Live) =>
        !release.needs.includes(service) || satisfies(input.relations, service, release.commit, live.commit) === true;
      const bTo = to.get(b) ?? bFrom;
      // what is broken already may stay so; it must not get worse
      const broken = !fits(wFrom, bFrom);
      const wFirst = fits(wTo, bFrom);
      const bFirst = fits(wFrom, bTo);
      if (!broken && (!fits(wTo, bTo) || (!wFirst && !bFirst)))
        problems.push({
          target: b,
          message: `no safe order with ${w}, which needs it`,
          hint: `roll both back together, or choose another snapshot with --to`,
        });
      else if (moving.has(w) && moving.has(b)) edges.push(wFirst || !bFirst ? { before: w, after: b } : { before: b, after: w });
    }
  }
  return edges;
}

function toSteps(
  members: readonly Member[],
  edges: readonly Edge[],
  gated: boolean,
  environment: string,
  problems: RollbackProblem[],
): readonly PlannedStep[] {
  const before = new Map<TargetId, TargetId[]>();
  for (const edge of edges) {
    const list = before.get(edge.after);
    if (list) list.push(edge.before);
    else before.set(edge.after, [edge.before]);
  }
  const ids = members.map((m) => m.target).toReversed();
  const { order, cycle } = topological(ids, (id) => before.get(id) ?? []);
  if (cycle.length > 0)
    problems.push({
      target: null,
      message: `no safe order among ${cycle.join(", ")}`,
      hint: "roll back fewer of them with --only, or deploy forward",
    });
  const steps: PlannedStep[] = [];
  const gate = `gate:${environment}`;
  if (gated) steps.push({ id: gate, kind: "gate", needs: [], after: [], target: null, environment, artifact: null });
  const byId = new Map(members.map((m) => [m.target, m]));
  for (const id of [...order, ...cycle]) {
    const member = byId.get(id);
    if (!member) continue;
    const at = { after: [], target: id, environment, artifact: null };
    const first = (before.get(id) ?? []).flatMap((b) => byId.get(b) ?? []).map(lastStep);
    steps.push({ ...at, id: `deploy:${id}`, kind: "deploy", needs: [...(gated ? [gate] : []), ...first] });
    steps.push({ ...at, id: `verify:${id}`, kind: "verify", needs: [`deploy:${id}`] });
  }
  return steps;
}
