import { z } from "zod";
import type { CommitId, EnvironmentId } from "../../core/config/config.ts";
import { gateName } from "../../core/config/github.ts";
import type { Time } from "../../core/run/rows.ts";
import type { Deployment, NewDeployment } from "../forge.ts";
import { RecordError } from "./read.ts";
import { FORM, type RunRef } from "./record.ts";

export const GATE_TASK = "sluice-gate";

/** By what an App has let an attempt of a workflow run pass at the gate of an environment: persons have approved the commit that it deploys. */
export type GateRecord = {
  readonly run: RunRef;
  readonly environment: EnvironmentId;
  readonly commit: CommitId;
  /** Logins, as policy has them. */
  readonly by: readonly string[];
  /** One of them has let it pass as an emergency. */
  readonly emergency: boolean;
  /** When the oldest of the decisions that count was made: what voids it may have come since. */
  readonly decidedAt: Time;
};

/** A deployment of the gate's own environment, where nothing is deployed. */
export function gateDeployment({ run, environment, commit, by, emergency, decidedAt }: GateRecord): NewDeployment {
  const payload = {
    sluice: FORM,
    kind: "gate",
    run,
    environment,
    commit,
    by: [...by],
    emergency,
    decidedAt,
    attempt: `${run} ${environment}`,
  };
  const description = `run ${run}: approved in Sluice by ${by.join(", ")}`.slice(0, 140);
  return { sha: commit, environment: gateName(environment), task: GATE_TASK, payload, description, production: false };
}

const payload = z.object({
  sluice: z.literal(FORM),
  kind: z.literal("gate"),
  run: z.string().regex(/^[1-9]\d*\/[1-9]\d*$/),
  environment: z.string(),
  commit: z.string(),
  by: z.array(z.string().min(1)).min(1),
  emergency: z.boolean(),
  decidedAt: z.number(),
});

/** Those that the App of this slug has written: GitHub names as creator whose token it was, and nobody but an App has a name that ends so. Whoever else writes the same has decided nothing. Throws `RecordError` where one of the App's cannot be read. */
export function gateRecords(deployments: readonly Deployment[], app: string): readonly GateRecord[] {
  return deployments
    .filter(({ task, creator }) => task === GATE_TASK && creator === `${app}[bot]`)
    .map(({ id, sha, environment: place, payload: said }) => {
      const read = payload.safeParse(said);
      if (!read.success || read.data.commit !== sha || gateName(read.data.environment) !== place)
        throw new RecordError(id, "this record of a gate cannot be read: a newer Sluice wrote it");
      const { run, environment, commit, by, emergency, decidedAt } = read.data;
      return { run: run as RunRef, environment, commit, by, emergency, decidedAt };
    });
}
