import { z } from "zod";
import type { JsonObject, TargetId } from "../../core/config/config.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { Deployment } from "../forge.ts";
import {
  FORM,
  isOurs,
  LIFTED,
  type Record,
  type RecordState,
  recordTask,
  type RunRef,
  type StopRecord,
  type TargetRecord,
  WRITTEN,
} from "./record.ts";

/** A record of ours that says nothing that can be relied on: nothing is assumed, whoever reads it stops. */
export class RecordError extends Error {
  override readonly name = "RecordError";
  readonly deployment: number;
  constructor(deployment: number, message: string, options?: ErrorOptions) {
    super(`deployment ${deployment}: ${message}`, options);
    this.deployment = deployment;
  }
}

const runRef = z.templateLiteral([z.number().int(), "/", z.number().int()]) as unknown as z.ZodType<RunRef>;
const json = z.record(z.string(), z.json()) as unknown as z.ZodType<JsonObject>;
const texts = z.record(z.string(), z.string());
const verify = z.strictObject({ http: z.string().nullable(), expect: texts, timeoutMs: z.number(), soakMs: z.number() });
const definition: z.ZodType<Definition> = z.strictObject({
  service: z.string(),
  environment: z.string(),
  tier: z.enum(["backend", "frontend"]),
  paths: z.array(z.string()),
  driver: z.string(),
  config: json,
  verify: verify.nullable(),
  job: z.boolean(),
  irreversible: z.array(z.string()).exactOptional(),
  needs: z.array(z.string()),
  timeoutMs: z.number(),
  variables: texts,
  credentials: z.array(z.string()),
  image: z.string().exactOptional(),
  cluster: z.string().exactOptional(),
  allowed: z.strictObject({ namespaces: z.array(z.string()).nullable(), clusterScoped: z.boolean() }).exactOptional(),
});
const target = z.string().regex(/^[^@]+@[^@]+$/) as unknown as z.ZodType<TargetId>;
const act = z.strictObject({
  sluice: z.literal(FORM),
  kind: z.enum(["deploy", "rollback"]),
  target,
  attempt: z.string().min(1),
  run: runRef,
  digest: z.string().nullable(),
  fingerprint: z.string(),
  definition,
});
const placed = { sluice: z.literal(FORM), by: z.string(), reason: z.string() };
const stop = z.discriminatedUnion("kind", [
  z.strictObject({
    ...placed,
    kind: z.literal("hold"),
    run: runRef.nullable(),
    rollback: z.strictObject({ to: z.string(), targets: z.array(target) }).nullable(),
  }),
  z.strictObject({ ...placed, kind: z.literal("lock"), target: target.nullable(), until: z.number().nullable() }),
  z.strictObject({ ...placed, kind: z.literal("pin"), target }),
]);
const payload = z.discriminatedUnion("kind", [act, stop]);

/** Our records among a forge's deployments, oldest first; those of others are left out. Throws `RecordError` for one of ours that cannot be read. */
export function recordsOf(deployments: readonly Deployment[]): readonly Record[] {
  return deployments
    .filter(({ task }) => isOurs(task))
    .map(recordOf)
    .toSorted((a, b) => a.id - b.id);
}

function recordOf(deployment: Deployment): Record {
  const parsed = payload.safeParse(deployment.payload);
  if (!parsed.success) throw new RecordError(deployment.id, `its payload is not one of ours: ${z.prettifyError(parsed.error)}`);
  const said = parsed.data;
  if (said.kind === "hold" || said.kind === "lock" || said.kind === "pin") return stopOf(deployment, said);
  const { sluice: _, ...rest } = said;
  const [service = "", environment = ""] = said.target.split("@");
  if (environment !== deployment.environment || deployment.task !== recordTask(service))
    throw new RecordError(deployment.id, `it is about ${said.target}, and was made for ${deployment.task} in ${deployment.environment}`);
  if (said.definition.service !== service || said.definition.environment !== environment)
    throw new RecordError(deployment.id, `it is about ${said.target}, and its definition is not`);
  return {
    ...rest,
    ...standing(deployment),
    id: deployment.id,
    service,
    environment,
    commit: deployment.sha,
    by: deployment.creator,
    createdAt: deployment.createdAt,
  };
}

function stopOf({ id, environment, createdAt, statuses, sha }: Deployment, { sluice: _form, ...said }: z.infer<typeof stop>): StopRecord {
  // GitHub itself sets older deployments of an environment to inactive: only a person's word lifts a stop
  const lifted = statuses.some(({ state, description }) => state === "inactive" && description.startsWith(LIFTED));
  const all = { id, environment, createdAt, lifted };
  if (said.kind === "hold") return { ...all, ...said };
  if (said.target !== null && !said.target.endsWith(`@${environment}`))
    throw new RecordError(id, `it is about ${said.target}, and was made in ${environment}`);
  return said.kind === "lock" ? { ...all, ...said } : { ...all, ...said, commit: sha };
}

/** What others have set says nothing of ours: GitHub itself (`inactive`, when another deployment of the environment ends well), other tools, people. */
function standing(deployment: Deployment): Pick<TargetRecord, "state" | "at" | "enteredAt" | "wasGood" | "url"> {
  const told = deployment.statuses.flatMap((status) => {
    const is = stateOf(status);
    return is === null ? [] : [{ ...status, is }];
  });
  const entered = told.findLast(({ is }) => is !== "under-way" && is !== "unknown");
  return {
    state: told[0]?.is ?? "under-way",
    at: told[0]?.at ?? null,
    enteredAt: entered?.at ?? null,
    wasGood: told.some(({ is }) => is === "good"),
    url: told.find(({ url }) => url !== null)?.url ?? null,
  };
}

/** null: these are not our words. */
function stateOf({ state, description }: Deployment["statuses"][number]): RecordState | null {
  const found = Object.entries(WRITTEN).find(([, [is, words]]) => is === state && description.startsWith(words));
  return found ? (found[0] as RecordState) : null;
}
