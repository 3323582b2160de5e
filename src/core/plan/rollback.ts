import type { EnvironmentId, ServiceId, TargetId } from "../config/config.ts";
import { serviceOf } from "../config/names.ts";
import { resolvePrincipals } from "../config/principals.ts";
import type { Live } from "../run/rows.ts";
import { toEnvironment } from "./deploy.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Definition, Member, Plan } from "./plan.ts";
import {
  ALREADY_THERE,
  checkEnvironment,
  checkTarget,
  DID_NOT_EXIST,
  NOT_TAKEN_BACK,
  type Finding,
  type RollbackPlanInput,
  type RollbackProblem,
  unknownsOf,
  whyStays,
} from "./preflight.ts";
import { orderSteps } from "./rollback-order.ts";
import { underPolicy } from "./under-policy.ts";

export type RollbackTarget = {
  readonly target: TargetId;
  readonly from: Live | null;
  readonly to: Live;
  readonly means: string;
  /** Why it stays as it is; null: it moves. */
  readonly skip: string | null;
};
export type RollbackPlanResult = {
  readonly plan: Plan;
  readonly targets: readonly RollbackTarget[];
  readonly problems: readonly RollbackProblem[];
};
type Verdict = Omit<RollbackPlanResult, "problems"> & { readonly blocked: readonly Finding[]; readonly unordered: readonly Finding[] };

/**
 * Section 7: the recorded set, in an order that keeps every need satisfied at each moment; with every problem, before anything is touched.
 * Where only some of the set cannot go, the problems say which of it still could, as a command.
 */
export function planRollback(input: RollbackPlanInput): RollbackPlanResult {
  const { plan, targets, blocked, unordered } = judge(input);
  // without what is blocked another order may do
  const rest = withoutThem(input, targets, blocked.length > 0 ? blocked : unordered);
  const problems = [...blocked, ...unordered].map(({ target, message, hint }) => ({
    target,
    message,
    hint: rest === null ? hint : `${hint}; ${rest}`,
  }));
  return { plan, targets, problems };
}

/** What of the set could go without what these problems concern, and without what then has no safe order; null: that is no question. */
function withoutThem(input: RollbackPlanInput, targets: readonly RollbackTarget[], found: readonly Finding[]): string | null {
  const moving = targets.filter((t) => t.skip === null);
  if (moving.length < 2 || found.length === 0 || found.some((f) => f.without.length === 0)) return null;
  let out = new Set(found.flatMap((f) => f.without));
  for (let left = moving; ;) {
    left = left.filter((t) => !out.has(t.target));
    if (left.length === 0) return "nothing else of the set could go without it";
    const services = left.map((t) => serviceOf(t.target));
    const { blocked: still, unordered } = judge({ ...input, services });
    out = new Set([...still, ...unordered].flatMap((f) => f.without));
    if (out.size > 0) continue;
    const { environment, id } = input.snapshot;
    return `what could still go: sluice rollback --env ${environment} --to ${id} --only ${services.join(" ")}${input.acceptUnknown ? " --accept-unknown" : ""} --reason "..."`;
  }
}

function judge(input: RollbackPlanInput): Verdict {
  const { environment: id, entries } = input.snapshot;
  const rows = new Map(input.targets.map((t) => [t.id, t]));
  const blocked: Finding[] = [...checkEnvironment(input)];
  const policy = input.policy.environments[id];
  const targets: RollbackTarget[] = [];
  const members: Member[] = [];
  const notes: string[] = [];
  for (const [target, to] of Object.entries(entries) as [TargetId, Live][]) {
    const service = serviceOf(target);
    if (input.services && !input.services.includes(service)) continue;
    const definition = input.definitions.get(to.definition);
    if (!definition) {
      blocked.push({ target, message: "its recorded definition is gone", hint: "deploy that commit again instead", without: [target] });
      continue;
    }
    const row = rows.get(target);
    const from = row?.live ?? null;
    // run again only for who asks for it by name
    const left = definition.job && !input.named.has(service);
    const skip = whyStays(row, to, input.named.has(service)) ?? (left ? NOT_TAKEN_BACK : null);
    targets.push({ target, from, to, means: meansOf(input, target, definition), skip });
    // what is there already is a member all the same: it may have changed by the time that its turn comes
    if (skip === null || (skip === ALREADY_THERE && !left))
      members.push(toMember(id, target, service, underPolicy(definition, policy), to, from));
    if (skip !== null) continue;
    blocked.push(...checkTarget(input, target, definition, to));
    if (input.acceptUnknown) notes.push(...unknownsOf(input, target).map((why) => `${target} goes back all the same: ${why}`));
    if (!input.declared.has(service))
      notes.push(`${target} is rolled back from its recorded definition: the policy ref's file no longer has a service ${service}`);
  }
  blocked.push(...notInSet(input));
  targets.push(...notThere(input));
  for (const t of targets) if (t.skip !== null && t.skip !== ALREADY_THERE) notes.push(`${t.target} is left as it is: ${t.skip}`);
  if (blocked.length === 0 && targets.every((t) => t.skip !== null)) blocked.push(nothingToDo(targets));

  const environment = toEnvironment(input, id);
  const approval = policy?.rollback ?? null;
  const parts = {
    kind: "rollback" as const,
    project: input.project,
    release: { commit: input.snapshot.release },
    promotion: "stream" as const,
    artifacts: {},
    environments: { [id]: { ...environment, approval, approvers: resolvePrincipals(approval?.approvers ?? [], input.policy.teams) } },
    members: Object.fromEntries(members.map((m) => [m.target, m])),
  };
  const moving = new Map(targets.filter((t) => t.skip === null).map((t) => [t.target, t.to]));
  const { steps, findings } = orderSteps(input, members, moving, approval !== null);
  return { plan: { fingerprint: fingerprint(parts), ...parts, steps, manual: [], notes }, targets, blocked, unordered: findings };
}

function meansOf({ ways }: RollbackPlanInput, target: TargetId, { driver }: Definition): string {
  const way = ways?.get(target);
  return way && "means" in way ? way.means : `${driver}: apply the recorded definition and artifact`;
}

/** Of the whole environment, what is live and was not there then: it stays, beside what goes back. */
function notThere({ services, targets, snapshot: { entries } }: RollbackPlanInput): readonly RollbackTarget[] {
  if (services !== null) return [];
  return targets.flatMap(({ id, live }) =>
    live && !entries[id] ? [{ target: id, from: live, to: live, means: "", skip: DID_NOT_EXIST }] : [],
  );
}

/** Services that were asked for and that the recorded set does not have. */
function notInSet({ services, snapshot: { environment, entries } }: RollbackPlanInput): readonly Finding[] {
  return (services ?? []).flatMap((service) => {
    const target: TargetId = `${service}@${environment}`;
    if (entries[target]) return [];
    const hint = "sluice status shows what is live; leave it out or choose another snapshot with --to";
    return [{ target, message: "it is not part of that snapshot", hint, without: [target] }];
  });
}

/** Reasons that no name lifts, or that no hint should. */
const STAYS: ReadonlySet<string | null> = new Set([ALREADY_THERE, DID_NOT_EXIST, NOT_TAKEN_BACK]);

function nothingToDo(targets: readonly RollbackTarget[]): Finding {
  const pinned = targets.filter((t) => !STAYS.has(t.skip)).map((t) => serviceOf(t.target));
  const other = "choose another set with --to <snapshot|commit|time>";
  return {
    target: null,
    message: pinned.length === 0 ? "every target is already there" : "every target is already there or pinned",
    hint: pinned.length === 0 ? other : `${other}, or name what is pinned with --only ${pinned.join(" ")}`,
    without: [],
  };
}

function toMember(
  environment: EnvironmentId,
  target: TargetId,
  service: ServiceId,
  definition: Definition,
  to: Live,
  from: Live | null,
): Member {
  return {
    target,
    service,
    environment,
    commit: to.commit,
    // a rollback does not soak
    definition: definition.verify ? { ...definition, verify: { ...definition.verify, soakMs: 0 } } : definition,
    definitionDigest: to.definition,
    artifact: null,
    promotesFrom: [],
    recorded: { digest: to.digest, fingerprint: to.fingerprint, from: from?.commit ?? null },
  };
}
