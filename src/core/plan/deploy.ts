import type {
  CommitId,
  Config,
  Environment,
  EnvironmentId,
  JsonObject,
  Policy,
  Service,
  ServiceId,
  TargetId,
  Verify,
} from "../config/config.ts";
import { resolvePrincipals } from "../config/principals.ts";
import { interpolate } from "../config/variables.ts";
import { fingerprint, type Texts } from "./fingerprint.ts";
import { topological } from "./graph.ts";
import { environmentsBefore, environmentsOf, Needs } from "./needs.ts";
import { artifactVariables, planArtifact } from "./artifact.ts";
import type { Definition, Member, Plan, PlannedArtifact, PlannedEnvironment, PlannedStep, StepId } from "./plan.ts";
import { policyPart } from "./under-policy.ts";

export type DeployPlanInput = {
  /** What the release's commit says exists. */
  readonly release: Config;
  /** What the policy ref says is allowed. */
  readonly policy: Policy;
  readonly commit: CommitId;
  /** null: every service but manual ones. */
  readonly services: readonly ServiceId[] | null;
  /** Services that are left out all the same. */
  readonly without?: readonly ServiceId[];
  readonly environments: readonly EnvironmentId[] | null;
  /** null: what each environment's policy says. */
  readonly promotion: "wave" | "stream" | null;
};
export type PlanProblem = { readonly code: string; readonly message: string; readonly hint: string };
export type PlanResult = { readonly plan: Plan } | { readonly problems: readonly PlanProblem[] };

/** Section 3: the steps that bring the asked services to the release in the asked environments. Pure and deterministic. */
export function planDeploy(input: DeployPlanInput): PlanResult {
  const problems = unknownNames(input);
  if (problems.length > 0) return { problems };
  // in the order of the file, however they were asked for
  const names = Object.keys(input.release.services).filter(
    (s) => (input.services?.includes(s) ?? input.release.services[s]?.manual === false) && !input.without?.includes(s),
  );
  const environments = Object.keys(input.policy.environments).filter((e) => input.environments?.includes(e) ?? true);
  const members = new Map<TargetId, Member>();
  const shared = { needs: new Needs(input.release, input.policy), texts: new Map() };
  for (const environment of environments)
    for (const service of names) {
      const member = toMember(input, service, environment, shared);
      if (member) members.set(member.target, member);
    }
  if (members.size === 0) return { problems: [nothingToDo(input, names, environments)] };

  const used = environments.filter((e) => [...members.values()].some((m) => m.environment === e));
  const planned = Object.fromEntries(used.map((e) => [e, toEnvironment(input, e)]));
  const artifacts = artifactsOf(input, [...members.values()]);
  const parts = {
    kind: "deploy" as const,
    project: input.release.project,
    release: { commit: input.commit },
    promotion: input.promotion ?? "wave",
    artifacts,
    environments: planned,
    members: Object.fromEntries(members),
  };
  const manual = input.services === null ? Object.keys(input.release.services).filter((s) => input.release.services[s]?.manual) : [];
  const notes = [...awaitedNotes(artifacts), ...notesOf(manual, members)];
  return {
    plan: {
      fingerprint: fingerprint({ ...parts, members: byDigest(members) }),
      ...parts,
      steps: steps(input.policy, parts),
      manual,
      notes,
    },
  };
}

/** Members with their definitions' digests alone: each definition has been read through once for that. */
const byDigest = (members: ReadonlyMap<TargetId, Member>) =>
  Object.fromEntries([...members].map(([target, member]) => [target, { ...member, definition: undefined }]));

/** What the members of a plan have in common. */
type Shared = { readonly needs: Needs; readonly texts: Texts };

function toMember(input: DeployPlanInput, id: ServiceId, environment: EnvironmentId, shared: Shared): Member | null {
  const service = input.release.services[id];
  const policy = input.policy.environments[environment];
  if (!service || !policy || !environmentsOf(service, input.policy).includes(environment)) return null;
  const variables = variablesFor(input, id, environment, policy);
  const artifact = service.artifact === null ? undefined : input.release.artifacts[service.artifact];
  const definition: Definition = {
    service: id,
    environment,
    tier: service.tier,
    paths: service.paths,
    driver: service.deploy.driver,
    config: interpolate(service.deploy.config, variables) as JsonObject,
    verify: service.verify && {
      ...service.verify,
      ...(interpolate({ http: service.verify.http, expect: service.verify.expect }, variables) as Pick<Verify, "http" | "expect">),
    },
    job: service.job,
    ...(service.irreversible.length > 0 ? { irreversible: service.irreversible } : {}),
    needs: shared.needs.of(service, environment),
    timeoutMs: service.deploy.timeoutMs,
    variables: policy.variables,
    credentials: policy.credentials,
    ...policyPart(policy),
    ...(artifact?.image === undefined
      ? {}
      : { image: interpolate(artifact.image, artifactVariables(artifact, releaseOf(input), { environment, ...policy })) as string }),
  };
  return {
    target: `${id}@${environment}`,
    service: id,
    environment,
    commit: input.commit,
    definition,
    definitionDigest: fingerprint(definition, shared.texts),
    artifact: artifact ? artifactKey(service.artifact ?? "", artifact.perEnvironment ? environment : null) : null,
    promotesFrom: shared.needs.promotesFrom(service, environment),
    recorded: null,
  };
}

function variablesFor(
  input: DeployPlanInput,
  service: ServiceId | null,
  environment: EnvironmentId | null,
  policy: Environment | undefined,
): Record<string, string> {
  const own = Object.entries(policy?.variables ?? {}).map(([k, v]) => [`variables.${k}`, v]);
  return {
    project: input.release.project,
    commit: input.commit,
    ...(service ? { service } : {}),
    ...(environment ? { environment } : {}),
    ...Object.fromEntries(own),
  };
}

const releaseOf = ({ release, commit }: DeployPlanInput) => ({ project: release.project, commit });
const artifactKey = (name: string, environment: EnvironmentId | null) => (environment === null ? name : `${name}@${environment}`);

function artifactsOf(input: DeployPlanInput, members: readonly Member[]): Record<string, PlannedArtifact> {
  const found: Record<string, PlannedArtifact> = {};
  for (const [name, artifact] of Object.entries(input.release.artifacts))
    for (const member of members) {
      const key = artifactKey(name, artifact.perEnvironment ? member.environment : null);
      const { environment } = member;
      const policy = input.policy.environments[environment];
      if (member.artifact !== key || found[key] || !policy) continue;
      found[key] = planArtifact(name, artifact, releaseOf(input), { ...policy, environment });
    }
  return found;
}

/** An environment's policy as a run carries it: teams resolved to persons. */
export function toEnvironment(
  input: { readonly policy: Policy; readonly promotion?: "wave" | "stream" | null },
  id: EnvironmentId,
): PlannedEnvironment {
  const policy = input.policy.environments[id];
  if (!policy) throw new Error(`no environment ${id} in the policy`);
  return {
    id,
    needs: policy.needs,
    approval: policy.approval,
    approvers: resolvePrincipals(policy.approval?.approvers ?? [], input.policy.teams),
    deployers: resolvePrincipals(policy.deployers, input.policy.teams),
    emergency: resolvePrincipals(policy.emergency, input.policy.teams),
    promotion: input.promotion ?? policy.promotion,
    order: policy.order,
    superseding: policy.superseding,
    onFailure: policy.onFailure,
    needsTimeoutMs: policy.needsTimeoutMs,
  };
}

export const lastStep = (member: Member): StepId =>
  `${member.definition.verify && member.definition.verify.soakMs > 0 ? "soak" : "verify"}:${member.target}`;

function steps(policy: Policy, plan: Pick<Plan, "artifacts" | "environments" | "members">): readonly PlannedStep[] {
  const empty = { needs: [], after: [], target: null, environment: null, artifact: null };
  const made: PlannedStep[] = Object.entries(plan.artifacts).map(([key, artifact]) => ({
    ...empty,
    id: `build:${key}`,
    kind: "build",
    artifact: key,
    environment: artifact.environment,
  }));
  const members = Object.values(plan.members);
  for (const environment of Object.values(plan.environments)) {
    const here = members.filter((m) => m.environment === environment.id);
    const before = environmentsBefore(policy, environment.id, (e) => plan.environments[e] !== undefined);
    const after = environment.promotion === "wave" ? before : [];
    const gate = environment.approval ? `gate:${environment.id}` : null;
    if (gate !== null) {
      const builds = new Set(here.flatMap((m) => (m.artifact === null ? [] : [`build:${m.artifact}`])));
      // in a wave everybody is asked for together; else as each arrives
      const ends = members.filter((m) => after.includes(m.environment)).map(lastStep);
      made.push({ ...empty, id: gate, kind: "gate", environment: environment.id, needs: [...builds, ...ends], after });
    }
    const served = verifiesOf(plan, environment.id);
    for (const member of ordered(here)) {
      const at = { target: member.target, environment: environment.id, artifact: member.artifact };
      const promoted = member.promotesFrom.flatMap((e) => plan.members[`${member.service}@${e}`] ?? []).map(lastStep);
      const build = member.artifact === null ? [] : [`build:${member.artifact}`];
      made.push({
        ...at,
        id: `deploy:${member.target}`,
        kind: "deploy",
        needs: [...build, ...(gate === null ? [] : [gate]), ...promoted, ...served(member.definition.needs)],
        after,
      });
      made.push({ ...at, id: `verify:${member.target}`, kind: "verify", needs: [`deploy:${member.target}`], after: [] });
      if (lastStep(member).startsWith("soak:"))
        made.push({ ...at, id: `soak:${member.target}`, kind: "soak", needs: [`verify:${member.target}`], after: [] });
    }
  }
  return made;
}

/** The steps of the plan after which needed services serve; those that need the same share the list. */
function verifiesOf(plan: Pick<Plan, "members">, environment: EnvironmentId): (needs: readonly ServiceId[]) => readonly StepId[] {
  const known = new Map<readonly ServiceId[], readonly StepId[]>();
  return (needs) => {
    const made = known.get(needs) ?? needs.filter((s) => plan.members[`${s}@${environment}`]).map((s) => `verify:${s}@${environment}`);
    known.set(needs, made);
    return made;
  };
}

function ordered(members: readonly Member[]): readonly Member[] {
  const byService = new Map(members.map((m) => [m.service, m]));
  const { order } = topological([...byService.keys()], (s) => byService.get(s)?.definition.needs ?? []);
  return order.flatMap((s) => byService.get(s) ?? []);
}

function unknownNames(input: DeployPlanInput): readonly PlanProblem[] {
  const problems: PlanProblem[] = [];
  const known = (names: readonly string[]) => `known: ${names.join(", ")}`;
  for (const name of input.services ?? [])
    if (!input.release.services[name])
      problems.push({
        code: "unknown-service",
        message: `no service ${name} at ${input.commit.slice(0, 12)}`,
        hint: known(Object.keys(input.release.services)),
      });
  for (const name of input.environments ?? [])
    if (!input.policy.environments[name])
      problems.push({
        code: "unknown-environment",
        message: `no environment ${name} in the policy`,
        hint: known(Object.keys(input.policy.environments)),
      });
  return problems;
}

function nothingToDo(input: DeployPlanInput, services: readonly ServiceId[], environments: readonly EnvironmentId[]): PlanProblem {
  const where = services.map((s) => `${s}: ${environmentsOf(input.release.services[s] as Service, input.policy).join(", ") || "nowhere"}`);
  return {
    code: "nothing-to-deploy",
    message: `none of the asked services is deployed in ${environments.join(", ")}`,
    hint: where.join("; "),
  };
}

const awaitedNotes = (artifacts: Plan["artifacts"]): readonly string[] =>
  Object.entries(artifacts).flatMap(([key, { awaits }]) =>
    awaits === undefined ? [] : [`${key} is not built here: ${awaits} is waited for`],
  );

function notesOf(manual: readonly ServiceId[], members: ReadonlyMap<TargetId, Member>): readonly string[] {
  const notes = manual.map((s) => `${s} is manual and left out: sluice deploy ${s}`);
  for (const member of members.values())
    for (const need of member.definition.needs)
      if (manual.includes(need)) notes.push(`${member.target} needs ${need}, which is manual and not part of this run`);
  return notes;
}
