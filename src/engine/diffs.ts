import type { CommitId, Digest, ServiceId, TargetId } from "../core/config/config.ts";
import type { Definition, Member } from "../core/plan/plan.ts";
import { Draft } from "../core/run/draft.ts";
import { Budget } from "./budget.ts";
import type { EnvironmentDiff, TargetDiff } from "./compared.ts";
import { type Control, PLAIN_DEPLOY } from "./control.ts";
import { type DeployParts, planOf } from "./deploys.ts";
import { eachOf } from "./each.ts";
import { messageOf } from "./errors.ts";
import { ALL_LOOKS_MS, type Allowance, look, LOOKS_AT_ONCE, masked, secretsOf } from "./looks.ts";
import { type ObjectChange, RENDER_MS } from "./ports/driver.ts";

type Request = Parameters<Control["diff"]>[0];
/** What is to be applied to a target, or was. */
type Applied = { readonly definition: Definition; readonly commit: CommitId; readonly digest: Digest | null };
/** What a target's diff is made with: its time, its room, and what it must not say. */
type Terms = { readonly allowed: Allowance; readonly budget: Budget; readonly secrets: readonly string[] };
type Verdict = Omit<TargetDiff, "target" | "from" | "to" | "artifact" | "unbuilt">;

/** What the commit would change in an environment, target by target: against what is there where its driver can tell, else against what was applied last. */
export async function diffOf(parts: DeployParts, request: Request): Promise<EnvironmentDiff> {
  const commit = await parts.source.resolve(request.commit);
  const members = await membersOf(parts, { ...request, commit });
  const built = new Map((await parts.store.builds(commit)).map((b) => [b.artifact, b.digest]));
  const allowed = { ms: RENDER_MS, until: parts.clock.now() + ALL_LOOKS_MS };
  const budget = new Budget();
  const found = new Map<TargetId, TargetDiff>();
  await eachOf(members, LOOKS_AT_ONCE, async (member) => {
    const digest = member.recorded?.digest ?? built.get(member.artifact ?? "") ?? null;
    found.set(member.target, await targetDiff(parts, { allowed, budget }, member, digest));
  });
  const targets = members.flatMap(({ target }) => found.get(target) ?? []);
  const { environment } = request;
  return { commit, environment, summary: summaryOf(targets), targets, commits: await commitsOf(parts, commit, targets) };
}

/** As open runs of the commit hold them, for those are what a decision opens; others as a deploy would plan them now. */
async function membersOf(parts: DeployParts, request: Request): Promise<readonly Member[]> {
  const { commit, environment, services } = request;
  const d = new Draft(parts.loop.state, parts.loop.state.meta.at);
  const held = new Map<ServiceId, Member>();
  for (const run of d.activeRuns())
    if (run.commit === commit)
      for (const member of Object.values(d.plan(run.id).plan.members))
        if (member.environment === environment) held.set(member.service, member);
  if (services !== null && services.every((s) => held.has(s))) return [...held.values()].filter((m) => services.includes(m.service));
  const { plan } = await planOf(parts, { ...PLAIN_DEPLOY, services, environments: [environment], commit });
  return Object.values(plan.members).map((member) => held.get(member.service) ?? member);
}

async function targetDiff(
  parts: DeployParts,
  terms: Omit<Terms, "secrets">,
  { target, service, environment, commit, definition, artifact }: Member,
  digest: Digest | null,
): Promise<TargetDiff> {
  const { items } = await parts.store.targets({ service, environment }, { limit: 1, cursor: null });
  const live = items[0]?.live ?? null;
  const recorded = live && live.definition !== "" ? await parts.store.definition(live.definition) : null;
  const next = { definition, commit, digest };
  const last = live && recorded ? { ...live, definition: recorded } : null;
  const all = { ...terms, secrets: secretsOf([definition, recorded], parts.env) };
  const compared = await byObjects(parts, all, target, next);
  return {
    target,
    from: live?.commit ?? null,
    to: commit,
    artifact: digest,
    unbuilt: digest === null ? artifact : null,
    ...(typeof compared === "object" && compared !== null
      ? compared
      : await byTexts(parts, all, target, { next, last, uncompared: compared })),
  };
}

/** Why it could not be compared, in words; null: its driver knows no objects. */
async function byObjects(parts: DeployParts, terms: Terms, target: TargetId, applied: Applied): Promise<Verdict | string | null> {
  const { allowed, budget, secrets } = terms;
  try {
    const driver = await parts.driver(applied.definition.driver);
    const input = { project: parts.project, target, ...applied };
    const all = await look(parts, allowed, applied.commit, (context) => driver.compare?.(input, context) ?? Promise.resolve(null));
    if (all === null) return null;
    const hidden = all.map(({ kind, name, namespace, change, before, after }) => ({
      kind,
      name,
      namespace,
      change,
      before: hide(before, secrets),
      after: hide(after, secrets),
    }));
    const counts = countsOf(all);
    return {
      change: counts.same === all.length ? "same" : "changed",
      ...budget.objects(hidden),
      counts,
      uncompared: null,
      before: null,
      after: null,
      problem: null,
    };
  } catch (error) {
    return masked(messageOf(error), secrets);
  }
}

type Sides = { readonly next: Applied; readonly last: Applied | null; readonly uncompared: string | null };

async function byTexts(parts: DeployParts, terms: Terms, target: TargetId, { next, last, uncompared }: Sides): Promise<Verdict> {
  const { budget, secrets } = terms;
  const by = { objects: null, counts: null, uncompared };
  try {
    const after = await rendered(parts, terms.allowed, target, next);
    const before = last && (await rendered(parts, terms.allowed, target, last));
    const texts = { before: hide(before, secrets), after: masked(after, secrets) };
    return { change: before === after ? "same" : "changed", ...by, problem: null, ...budget.texts(texts) };
  } catch (error) {
    const texts = { before: last && textOf(last.definition, secrets), after: textOf(next.definition, secrets) };
    return { change: "unknown", ...by, problem: masked(messageOf(error), secrets), ...budget.texts(texts) };
  }
}

async function rendered(
  parts: DeployParts,
  allowed: Allowance,
  target: TargetId,
  { definition, commit, digest }: Applied,
): Promise<string> {
  const driver = await parts.driver(definition.driver);
  return await look(parts, allowed, commit, (context) =>
    driver.render({ project: parts.project, target, commit, digest, definition }, context),
  );
}

const textOf = (definition: Definition, secrets: readonly string[]): string => `${masked(JSON.stringify(definition, null, 2), secrets)}\n`;
const hide = (text: string | null, secrets: readonly string[]): string | null => text && masked(text, secrets);

function countsOf(objects: readonly ObjectChange[]): Record<ObjectChange["change"], number> {
  const counts = { added: 0, changed: 0, removed: 0, same: 0 };
  for (const { change } of objects) counts[change] += 1;
  return counts;
}

function summaryOf(found: readonly TargetDiff[]): EnvironmentDiff["summary"] {
  const targets = { changed: 0, same: 0, unknown: 0 };
  const objects = { added: 0, changed: 0, removed: 0, same: 0 };
  for (const { change, counts } of found) {
    targets[change] += 1;
    for (const kind of ["added", "changed", "removed", "same"] as const) objects[kind] += counts?.[kind] ?? 0;
  }
  return { targets, objects };
}

/** Once for each commit that is live; what the source does not know any more has no list. */
async function commitsOf(parts: DeployParts, commit: CommitId, targets: readonly TargetDiff[]): Promise<EnvironmentDiff["commits"]> {
  const found: EnvironmentDiff["commits"][number][] = [];
  for (const from of new Set(targets.flatMap((t) => t.from ?? []))) {
    const [brings, loses] = [await parts.source.between(from, commit), await parts.source.between(commit, from)];
    if (brings && loses) found.push({ from, brings, loses });
  }
  return found;
}
