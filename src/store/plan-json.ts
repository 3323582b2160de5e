import type { ServiceId, TargetId } from "../core/config/config.ts";
import type { Member, Plan, PlannedStep, StepId } from "../core/plan/plan.ts";

/*
 * A hundred frontends that each need nine hundred backends name them again in every environment, once in the definition and once in the step.
 * As it is kept, a plan has each list of services once, and names steps by their place: a quarter of the text, and in memory every name once.
 */
type Packed<T> = Omit<T, "needs"> & { readonly needs: unknown };
type Kept = Omit<Plan, "members" | "steps"> & {
  readonly members: Readonly<Record<TargetId, Omit<Member, "definition"> & { readonly definition: Packed<Member["definition"]> }>>;
  readonly steps: readonly Packed<PlannedStep>[];
  /** Absent in plans that were written whole by an older version. */
  readonly lists?: readonly (readonly ServiceId[])[];
};

export function planJson(plan: Plan): string {
  const places = new Map<StepId, number>(plan.steps.map((step, place) => [step.id, place]));
  const steps = plan.steps.map((step) => ({ ...step, needs: step.needs.map((id) => places.get(id) ?? id) }));
  const lists = new Lists();
  const members = mapped(plan.members, (member) => ({
    ...member,
    definition: { ...member.definition, needs: lists.placeOf(member.definition.needs) },
  }));
  return JSON.stringify({ ...plan, members, steps, lists: lists.all } satisfies Kept);
}

export function planFrom(json: string): Plan {
  const { lists, ...kept } = JSON.parse(json) as Kept;
  if (!lists) return kept as Plan;
  const ids = kept.steps.map((step) => step.id);
  const steps = kept.steps.map((step) => ({
    ...step,
    needs: (step.needs as readonly (number | StepId)[]).map((at) => (typeof at === "number" ? (ids[at] ?? "") : at)),
  }));
  const members = mapped(kept.members, (member) => ({
    ...member,
    definition: { ...member.definition, needs: lists[member.definition.needs as number] ?? [] },
  }));
  return { ...kept, members, steps };
}

/** Lists that are equal have one place. */
class Lists {
  readonly all: (readonly ServiceId[])[] = [];
  readonly #byList = new Map<readonly ServiceId[], number>();
  readonly #byText = new Map<string, number>();

  placeOf(list: readonly ServiceId[]): number {
    const known = this.#byList.get(list);
    if (known !== undefined) return known;
    const text = list.join("\n");
    const place = this.#byText.get(text) ?? this.all.push(list) - 1;
    this.#byText.set(text, place);
    this.#byList.set(list, place);
    return place;
  }
}

const mapped = <A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
