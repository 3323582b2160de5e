import type { CommitId, Digest, ServiceId, TargetId } from "../core/config/config.ts";
import type { Definition, Member } from "../core/plan/plan.ts";
import { Draft } from "../core/run/draft.ts";
import type { Control, EnvironmentDiff, TargetDiff } from "./control.ts";
import { type DeployParts, planOf } from "./deploys.ts";
import { messageOf } from "./errors.ts";
import { type Driver, RENDER_MS } from "./ports/driver.ts";
import type { Trees } from "./ports/source.ts";

export type DiffParts = DeployParts & {
  readonly driver: (name: string) => Promise<Driver>;
  readonly trees: Trees;
  /** The server's own environment variables, whose values as credentials are hidden. */
  readonly env: Readonly<Record<string, string | undefined>>;
};
type Request = Parameters<Control["diff"]>[0];
type Rendered = { readonly text: string; readonly problem: string | null };

/** Characters of one text, and of all in one answer; what is longer is cut. */
const MAX_TEXT = 65_536;
const MAX_ALL = 8 * 1024 * 1024;
/** Shorter values are everywhere, and hide nothing. */
const SHORTEST_SECRET = 4;

/** What the commit would change in an environment, target by target: what would be applied against what is live, both rendered now. */
export async function diffOf(parts: DiffParts, request: Request): Promise<EnvironmentDiff> {
  const commit = await parts.source.resolve(request.commit);
  const members = await membersOf(parts, { ...request, commit });
  const built = new Map((await parts.store.builds(commit)).map((b) => [b.artifact, b.digest]));
  const targets: TargetDiff[] = [];
  let left = MAX_ALL;
  for (const member of members) {
    const digest = member.recorded?.digest ?? built.get(member.artifact ?? "") ?? null;
    const diff = cut(await targetDiff(parts, member, digest), left);
    left -= diff.after.length + (diff.before?.length ?? 0);
    targets.push(diff);
  }
  return { commit, environment: request.environment, targets, commits: await commitsOf(parts, commit, targets) };
}

/** As open runs of the commit hold them, for those are what a decision opens; others as a deploy would plan them now. */
async function membersOf(parts: DiffParts, request: Request): Promise<readonly Member[]> {
  const { commit, environment, services } = request;
  const d = new Draft(parts.loop.state, parts.loop.state.meta.at);
  const held = new Map<ServiceId, Member>();
  for (const run of d.activeRuns())
    if (run.commit === commit)
      for (const member of Object.values(d.plan(run.id).plan.members))
        if (member.environment === environment) held.set(member.service, member);
  if (services !== null && services.every((s) => held.has(s))) return [...held.values()].filter((m) => services.includes(m.service));
  const { plan } = await planOf(parts, {
    services,
    environments: [environment],
    commit,
    policyRef: null,
    reason: null,
    promotion: null,
    redeploy: false,
    acceptDiverged: null,
    skipNeeds: null,
    now: false,
    changed: false,
  });
  return Object.values(plan.members).map((member) => held.get(member.service) ?? member);
}

async function targetDiff(parts: DiffParts, member: Member, digest: Digest | null): Promise<TargetDiff> {
  const { items } = await parts.store.targets({ service: member.service, environment: member.environment }, { limit: 1, cursor: null });
  const live = items[0]?.live ?? null;
  const definition = live && live.definition !== "" ? await parts.store.definition(live.definition) : null;
  const after = await rendered(parts, member.target, member.definition, member.commit, digest);
  const before = live && definition ? await rendered(parts, member.target, definition, live.commit, live.digest) : null;
  return {
    target: member.target,
    from: live?.commit ?? null,
    to: member.commit,
    before: before?.text ?? null,
    after: after.text,
    problem: after.problem,
    cut: false,
  };
}

async function rendered(
  parts: DiffParts,
  target: TargetId,
  definition: Definition,
  commit: CommitId,
  digest: Digest | null,
): Promise<Rendered> {
  const secrets = secretsOf(definition, parts.env);
  try {
    const driver = await parts.driver(definition.driver);
    const tree = (folder: string) => parts.trees(commit, folder);
    const text = await driver.render(
      { project: parts.project, target, commit, digest, definition },
      { signal: AbortSignal.timeout(RENDER_MS), home: parts.home, tree },
    );
    return { text: masked(text, secrets), problem: null };
  } catch (error) {
    return { text: `${masked(JSON.stringify(definition, null, 2), secrets)}\n`, problem: masked(messageOf(error), secrets) };
  }
}

/** Drivers name credentials and do not know their values. A chart or a message may hold one all the same; and a variable of a credential's name is one. */
function secretsOf(definition: Definition, env: DiffParts["env"]): readonly string[] {
  const values = definition.credentials.flatMap((name) => [env[name] ?? "", definition.variables[name] ?? ""]);
  return [...new Set(values)].filter((v) => v.length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
}

/** Also as it is written inside a quoted string. */
const masked = (text: string, secrets: readonly string[]): string =>
  secrets.flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]).reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);

function cut(diff: TargetDiff, left: number): TargetDiff {
  const most = Math.max(0, Math.min(MAX_TEXT, Math.floor(left / 2)));
  if (diff.after.length <= most && (diff.before?.length ?? 0) <= most) return diff;
  return { ...diff, before: diff.before?.slice(0, most) ?? null, after: diff.after.slice(0, most), cut: true };
}

/** Once for each commit that is live; what the source does not know any more has no list. */
async function commitsOf(parts: DiffParts, commit: CommitId, targets: readonly TargetDiff[]): Promise<EnvironmentDiff["commits"]> {
  const found: EnvironmentDiff["commits"][number][] = [];
  for (const from of new Set(targets.flatMap((t) => t.from ?? []))) {
    const [brings, loses] = [await parts.source.between(from, commit), await parts.source.between(commit, from)];
    if (brings && loses) found.push({ from, brings, loses });
  }
  return found;
}
