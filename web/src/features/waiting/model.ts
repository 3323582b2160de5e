import type { Schemas } from "../../../../src/contract/client.ts";

type Waiting = Schemas["WaitingStep"];

/** Who or what ends a wait, in words. */
export function endsBy({ who, waitingFor }: Pick<Waiting, "who" | "waitingFor">): string {
  if (who.length > 0) return who.join(", ");
  if (waitingFor.code === "approval") return "anyone who may deploy here";
  return waitingFor.command === undefined ? "ends by itself" : "anyone, by the command";
}

/** Whether a filter finds it: in the step, the run or the reason, whatever the case. */
export function matches({ run, step, waitingFor }: Pick<Waiting, "run" | "step" | "waitingFor">, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return [step, `run ${run}`, waitingFor.message].some((text) => text.toLowerCase().includes(wanted));
}
