import type { Config, Policy, TargetId } from "../core/config/config.ts";
import { checkRelease } from "../core/config/release.ts";
import { type DeployPlanInput, planDeploy } from "../core/plan/deploy.ts";
import type { Plan, PlannedArtifact } from "../core/plan/plan.ts";
import type { BuildRow, RunRow } from "../core/run/rows.ts";
import { admit, admittedBefore } from "./acts.ts";
import { askedOf, type ChangedParts, unchangedServices } from "./changed.ts";
import type { Configs } from "./configs.ts";
import { type Actor, type DeployRequest, type Planned, RequestError } from "./control.ts";
import type { LookParts } from "./looks.ts";
import { messageOf } from "./errors.ts";
import type { Loop } from "./loop.ts";
import { knownDiverged, leftRunning, policyWarnings } from "./notices.ts";
import type { Builder } from "./ports/driver.ts";
import type { Source } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";

export type DeployParts = LookParts & {
  readonly loop: Loop;
  readonly store: Store;
  readonly source: Source;
  readonly configs: Configs;
  readonly builder: (name: string) => Promise<Builder>;
  readonly policyRef: string | null;
  readonly nextRun: () => string;
};

/** What a deploy would do, under the policy of the policy ref. Touches nothing. Without members where nothing `changed`. */
export async function planOf(
  parts: Pick<DeployParts, "source" | "store" | "configs" | "policyRef" | "loop">,
  request: DeployRequest,
): Promise<Planned> {
  const { source, configs } = parts;
  const commit = await source.resolve(request.commit ?? "HEAD");
  const release = await configs.at(commit);
  const { policy, ref, commit: policyCommit } = await configs.policy(request.policyRef ?? parts.policyRef);
  mustFit(release, { policy, ref }, commit, configs.file);
  const { services, environments, promotion } = request;
  const input: DeployPlanInput = { release, policy, commit, services, environments, promotion };
  const plan = request.changed ? await changedOnly(parts, input) : planOrRefusal(input);
  await mayCome(source, plan.environments, policy, commit);
  if (request.skipNeeds !== null) maySkipNeeds(plan);
  const dirty =
    request.commit === null && (await source.dirty())
      ? [`the work tree has changes; what is deployed is the commit ${commit.slice(0, 12)}, not the tree`]
      : [];
  const { state } = parts.loop;
  const diverged = request.acceptDiverged === null ? await knownDiverged(parts.store, state, plan) : [];
  return {
    plan: { ...plan, notes: [...plan.notes, ...leftRunning(state, plan, release, policy), ...diverged] },
    warnings: [...dirty, ...(await policyWarnings(source, release, commit, { policy, ref, commit: policyCommit }))],
    policy: { ref, commit: policyCommit },
  };
}

/** What a release asks for has to be in the policy that counts. */
export function mustFit(
  release: Config,
  { policy, ref }: { readonly policy: Policy; readonly ref: string },
  commit: string,
  file: string,
): void {
  const refusals = checkRelease(release, policy, file);
  if (refusals.length === 0) return;
  throw new RequestError(
    "invalid-config",
    `commit ${commit.slice(0, 12)} does not fit the policy of ${ref}: ${refusals.map((r) => r.message).join("; ")}`,
    [...new Set(refusals.map((r) => r.hint))].join("; "),
  );
}

export function planOrRefusal(input: DeployPlanInput): Plan {
  const planned = planDeploy(input);
  if ("plan" in planned) return planned.plan;
  throw new RequestError("invalid", planned.problems.map((p) => p.message).join("; "), planned.problems.map((p) => p.hint).join("; "));
}

/** The plan without the services at whose paths nothing has changed, which it names; empty where nothing has. */
async function changedOnly(parts: ChangedParts, input: DeployPlanInput): Promise<Plan> {
  const asked = askedOf(input);
  const without = await unchangedServices(parts, asked, input.commit);
  const notes = without.map((s) => `${s} is left out: nothing has changed at its paths since what is live`);
  const changed = [...asked].some(([service, environments]) => environments.length > 0 && !without.includes(service));
  const plan = planOrRefusal(changed ? { ...input, without } : input);
  if (!changed) return { ...plan, artifacts: {}, environments: {}, members: {}, steps: [], notes };
  return { ...plan, notes: [...plan.notes, ...notes] };
}

/** Only a gate lets a release pass that was not good before: somebody must see it. */
function maySkipNeeds(plan: Plan): void {
  const open = Object.values(plan.environments).filter((e) => e.needs.length > 0 && e.approval === null);
  if (open.length > 0)
    throw new RequestError(
      "invalid",
      `needs are skipped only through a gate, and ${open.map((e) => e.id).join(", ")} ${open.length === 1 ? "has" : "have"} none`,
      "name environments that have one with --env, or deploy without --skip-needs",
    );
}

/** `from`: the commit must be reachable from one of the refs that an environment names. */
async function mayCome(
  source: Source,
  environments: Readonly<Record<string, unknown>>,
  policy: Awaited<ReturnType<Configs["policy"]>>["policy"],
  commit: string,
): Promise<void> {
  for (const id of Object.keys(environments)) {
    const from = policy.environments[id]?.from ?? [];
    if (from.length > 0 && !(await source.reachableFrom(commit, from)))
      throw new RequestError(
        "not-allowed",
        `${id} takes only commits from ${from.join(", ")}; ${commit.slice(0, 12)} is on none of them`,
        `merge it there first, or leave ${id} out with --env`,
      );
  }
}

export async function deploy(
  parts: DeployParts,
  request: DeployRequest,
  actor: Actor,
  /** The run that is tried again, as it was. */
  retryOf: RunRow | null,
): Promise<{ readonly run: RunRow; readonly warnings: readonly string[] }> {
  const before = await admittedBefore(parts.store, actor);
  if (before) return { run: before, warnings: [] };
  mustBeOwn(parts, request);
  const { plan, warnings, policy } = await planOf(parts, request);
  const { commit } = plan.release;
  if (plan.steps.length === 0)
    throw new RequestError(
      "conflict",
      `nothing has changed at ${commit.slice(0, 12)} since what is live`,
      "deploy all the same: leave out --changed",
    );
  await parts.source.keep(commit);
  const built = await builtOf(parts, plan.artifacts, commit);
  const event = {
    type: "deploy.admitted" as const,
    plan,
    reason: request.reason,
    policyCommit: policy.commit,
    options: {
      redeploy: request.redeploy,
      acceptDiverged: request.acceptDiverged,
      skipNeeds: request.skipNeeds,
      now: request.now,
      named: retryOf?.options.named ?? request.services !== null,
    },
    retryOf: retryOf?.id ?? null,
    built,
    // last, since they may change while an artifact is looked for
    goodBefore: await parts.store.goodTargets(commit),
    decided: (await parts.store.decisions({ commit })).filter((x) => x.voided === null),
  };
  return { run: await admit(parts, event, actor), warnings };
}

/** Where policy is read from is chosen by whoever runs the orchestrator, never by who asks it for a deploy: else a branch could lower the bar for itself. */
function mustBeOwn({ policyRef: own }: Pick<DeployParts, "policyRef">, { policyRef: asked }: DeployRequest): void {
  if (asked === null || asked === own) return;
  throw new RequestError(
    "not-allowed",
    `policy is read from ${own ?? "the default ref"} here, not from ${asked}`,
    "start the server with --policy-ref; `sluice plan --policy-ref` shows what would be",
  );
}

/** Recorded builds of the commit whose artifact is still there. Where that cannot be told nothing is deployed: to build it again might make something else than what was approved. */
async function builtOf(
  parts: Pick<DeployParts, "store" | "builder" | "home">,
  artifacts: Planned["plan"]["artifacts"],
  commit: string,
): Promise<readonly BuildRow[]> {
  const built: BuildRow[] = [];
  for (const row of await parts.store.builds(commit)) {
    const artifact = artifacts[row.artifact];
    if (artifact && (await isThere(parts, row, artifact))) built.push(row);
  }
  return built;
}

async function isThere(parts: Pick<DeployParts, "builder" | "home">, row: BuildRow, artifact: PlannedArtifact): Promise<boolean> {
  try {
    return await (await parts.builder(artifact.builder)).has(row.digest, artifact.config, parts.home);
  } catch (error) {
    throw new RequestError(
      "conflict",
      `whether ${row.artifact} of this commit is still there (${row.digest}) cannot be told: ${messageOf(error)}`,
      "deploy again when it can be; sluice doctor looks at what builders need",
      [],
      { cause: error },
    );
  }
}

/** The scope that an ended run had, for its retry. */
export function scopeOf(members: Readonly<Record<TargetId, { readonly service: string; readonly environment: string }>>): {
  readonly services: readonly string[];
  readonly environments: readonly string[];
} {
  const all = Object.values(members);
  return { services: [...new Set(all.map((m) => m.service))], environments: [...new Set(all.map((m) => m.environment))] };
}
