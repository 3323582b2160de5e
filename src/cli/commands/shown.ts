import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { count, listed, safe } from "../output/text.ts";
import type { Session } from "../session.ts";

/** A run's JSON: these keys and no others are the CLI's promise. */
export function runJson(run: Schemas["RunDetail"]): object {
  return {
    id: run.id,
    kind: run.kind,
    status: run.status,
    commit: run.commit,
    steps: run.steps.map((step) => ({
      id: step.id,
      status: step.status,
      ...(step.waitingFor ? { waitingFor: step.waitingFor } : {}),
      ...(step.joined && { joined: step.joined }),
      attempts: step.attempts.map(({ id, outcome, startedAt, endedAt }) => ({ id, outcome, startedAt, endedAt })),
    })),
  };
}

export function planJson(plan: Schemas["Plan"]): object {
  const { commit, artifacts } = plan.release;
  return {
    fingerprint: plan.fingerprint,
    release: { commit, artifacts },
    steps: plan.steps.map(({ id, kind, needs }) => ({ id, kind, needs })),
  };
}

/** Warnings and notes of a plan, for people: out of the way of what is printed as data. */
export function warnOf(session: Session, warnings: readonly string[]): void {
  for (const warning of warnings) session.warn(warning);
}

/** A plan in short: how many services go where. */
export function planSummary(plan: Schemas["Plan"]): readonly string[] {
  const services = new Map<string, string[]>();
  for (const { id, kind } of plan.steps) {
    if (kind !== "deploy") continue;
    const at = id.lastIndexOf("@");
    const environment = id.slice(at + 1);
    services.set(environment, [...(services.get(environment) ?? []), id.slice("deploy:".length, at)]);
  }
  const gates = new Set(plan.steps.filter(({ kind }) => kind === "gate").map(({ id }) => id.slice("gate:".length)));
  return [...services].map(
    ([environment, names]) =>
      `  ${environment}: ${count(names.length, "service")} (${listed(names)})${gates.has(environment) ? ", behind a gate" : ""}`,
  );
}

/** Commit and subject as one reads them; the subject is left out where nobody knows it. */
export const commitText = (commit: string, subject?: string): string =>
  subject ? `${shortCommit(commit)} "${safe(subject)}"` : shortCommit(commit);
