import type { z } from "@hono/zod-openapi";
import type * as schema from "../../contract/schemas/runs.ts";
import type { WaitingStep } from "../../engine/control.ts";
import { ProblemError } from "../problem.ts";
import { contextOf, placeOf, whyOf } from "./runs.ts";

type Page = z.infer<typeof schema.WaitingPage>;

/** A page of what waits now, in the order of runs and of their plans. The cursor is a place in that order, so that it holds when what stood there waits no more. */
export function waitingPage(all: readonly WaitingStep[], limit: number, cursor: string | null): Page {
  const after = cursor === null ? all : all.filter(behind(cursor));
  const shown = after.slice(0, limit);
  const last = after.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.flatMap((step) => presentWaiting(step) ?? []),
    next: last ? `${last.run.createdAt} ${last.run.id} ${last.place}` : null,
  };
}

function behind(cursor: string): (step: WaitingStep) => boolean {
  const [at, run = "", place] = cursor.split(" ");
  if (!/^\d+$/.test(at ?? "") || !/^\d+$/.test(place ?? ""))
    throw new ProblemError("invalid", "The cursor is not one of this list", "Leave it out");
  return (step) => {
    const order = step.run.createdAt - Number(at) || step.run.id.localeCompare(run, "en", { numeric: true }) || step.place - Number(place);
    return order > 0;
  };
}

function presentWaiting({ run, step, who }: WaitingStep): Page["items"][number] | null {
  const { waitingFor } = step.reason ? whyOf(step, step.reason, contextOf(run)) : {};
  if (!waitingFor) return null;
  const place = placeOf(step.id);
  return { run: run.id, runKind: run.kind, commit: run.commit, step: step.id, kind: step.kind, ...place, waitingFor, who: [...who] };
}
