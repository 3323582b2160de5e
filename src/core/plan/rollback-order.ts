import type { TargetId } from "../config/config.ts";
import type { Live } from "../run/rows.ts";
import { lastStep } from "./deploy.ts";
import { topological } from "./graph.ts";
import type { Member, PlannedStep } from "./plan.ts";
import type { Finding, RollbackPlanInput } from "./preflight.ts";
import { satisfies } from "./relations.ts";

/** `before` moves first: it `must`, or it does because one of the two has to. */
type Edge = { readonly before: TargetId; readonly after: TargetId; readonly must: boolean };
export type Order = { readonly steps: readonly PlannedStep[]; readonly findings: readonly Finding[] };

/** Steps in an order that keeps every need satisfied at each moment; `to`: where the targets that move go. */
export function orderSteps(input: RollbackPlanInput, members: readonly Member[], to: ReadonlyMap<TargetId, Live>, gated: boolean): Order {
  const { edges, findings } = edgesOf(input, to);
  const ids = members.map((m) => m.target).toReversed();
  let before = beforeEach(edges);
  let { order, cycle } = topological(ids, (id) => before.get(id) ?? []);
  if (cycle.length > 0) {
    before = beforeEach(edges.filter((e) => e.must));
    ({ order, cycle } = topological(ids, (id) => before.get(id) ?? []));
  }
  const [first] = cycle;
  const circular: readonly Finding[] =
    first === undefined
      ? []
      : [
          {
            target: null,
            message: `no safe order among ${cycle.join(", ")}`,
            hint: "roll back fewer of them with --only, or deploy forward",
            without: [first],
          },
        ];
  const byId = new Map(members.map((m) => [m.target, m]));
  const sorted = [...order, ...cycle].flatMap((id) => byId.get(id) ?? []);
  const steps = toSteps(input.snapshot.environment, sorted, (id) => (before.get(id) ?? []).flatMap((b) => byId.get(b) ?? []), gated);
  return { steps, findings: [...findings, ...circular] };
}

function beforeEach(edges: readonly Edge[]): ReadonlyMap<TargetId, readonly TargetId[]> {
  const before = new Map<TargetId, TargetId[]>();
  for (const edge of edges) {
    const list = before.get(edge.after);
    if (list) list.push(edge.before);
    else before.set(edge.after, [edge.before]);
  }
  return before;
}

/** The order is decided per pair: who needs leaves first, unless its recorded commit asks for more than what is there now. */
function edgesOf(
  input: RollbackPlanInput,
  moving: ReadonlyMap<TargetId, Live>,
): { readonly edges: readonly Edge[]; readonly findings: readonly Finding[] } {
  const { environment } = input.snapshot;
  const from = new Map(input.targets.flatMap((t) => (t.live ? [[t.id, t.live] as const] : [])));
  const to = new Map([...from, ...moving]);
  const edges: Edge[] = [];
  const findings: Finding[] = [];
  for (const [w, wTo] of to) {
    const wFrom = from.get(w) ?? null;
    const needed = { from: new Set(wFrom?.needs), to: new Set(wTo.needs) };
    for (const service of new Set([...needed.from, ...needed.to])) {
      const b: TargetId = `${service}@${environment}`;
      const bTo = to.get(b) ?? null;
      if (!moving.has(w) && !moving.has(b)) continue;
      const bFrom = from.get(b) ?? null;
      // what is not there meets no need
      const meets = (release: Live | null, live: Live | null) =>
        release !== null && live !== null && satisfies(input.relations, service, release.commit, live.commit) === true;
      const before = (live: Live | null) => !needed.from.has(service) || meets(wFrom, live);
      const after = (live: Live | null) => !needed.to.has(service) || meets(wTo, live);
      // what is broken already may stay so; it must not get worse
      const broken = !before(bFrom);
      const wFirst = after(bFrom);
      const bFirst = before(bTo);
      if (!broken && (!after(bTo) || (!wFirst && !bFirst))) findings.push(unsafe(input, w, b, moving.has(b), bTo));
      else if (moving.has(w) && moving.has(b)) {
        const must = !broken && wFirst !== bFirst;
        edges.push(wFirst || !bFirst ? { before: w, after: b, must } : { before: b, after: w, must });
      }
    }
  }
  return { edges, findings };
}

/** How whoever stays could come along; where it cannot, why. */
function wayOut({ snapshot: { entries }, targets }: RollbackPlanInput, stays: TargetId): string {
  if (!entries[stays])
    return `${stays} cannot be taken along: it did not exist in that set, so there is nothing to bring it back to; deploy forward what works beside it, or choose a set that has it with --to`;
  const pinned = targets.find((t) => t.id === stays)?.pin ?? null;
  const together = "roll both back together, or choose another snapshot with --to";
  return pinned ? `${stays} is pinned: sluice unpin ${stays}, or name it too with --only, and ${together}` : together;
}

function unsafe(input: RollbackPlanInput, w: TargetId, b: TargetId, moves: boolean, there: Live | null): Finding {
  const hint = wayOut(input, moves ? w : b);
  return moves
    ? { target: b, message: `no safe order with ${w}, which needs it`, hint, without: [b] }
    : {
        target: w,
        message: `no safe order with ${b}, which it needs and which ${there ? `stays at ${there.commit.slice(0, 12)}` : "is not there"}`,
        hint,
        without: [w],
      };
}

function toSteps(
  environment: string,
  members: readonly Member[],
  before: (target: TargetId) => readonly Member[],
  gated: boolean,
): readonly PlannedStep[] {
  const gate = `gate:${environment}`;
  const steps: PlannedStep[] = [];
  if (gated) steps.push({ id: gate, kind: "gate", needs: [], after: [], target: null, environment, artifact: null });
  for (const { target } of members) {
    const at = { after: [], target, environment, artifact: null };
    const first = before(target).map(lastStep);
    steps.push({ ...at, id: `deploy:${target}`, kind: "deploy", needs: [...(gated ? [gate] : []), ...first] });
    steps.push({ ...at, id: `verify:${target}`, kind: "verify", needs: [`deploy:${target}`] });
  }
  return steps;
}
