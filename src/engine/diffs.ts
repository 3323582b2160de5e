import type { CommitId, Digest, TargetId } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import type { Control, TargetDiff } from "./control.ts";
import { type DeployParts, planOf } from "./deploys.ts";
import { messageOf } from "./errors.ts";
import type { Driver } from "./ports/driver.ts";

export type DiffParts = DeployParts & { readonly driver: (name: string) => Promise<Driver> };
type Rendered = { readonly text: string; readonly problem: string | null };

/** What the commit would change in an environment, target by target: what would be applied against what is live, both rendered now. */
export async function diffOf(parts: DiffParts, request: Parameters<Control["diff"]>[0]): Promise<readonly TargetDiff[]> {
  const { plan } = await planOf(parts, {
    services: request.services,
    environments: [request.environment],
    commit: request.commit,
    policyRef: null,
    reason: null,
    promotion: null,
    redeploy: false,
    acceptDiverged: null,
    skipNeeds: null,
    now: false,
    changed: false,
  });
  const built = new Map((await parts.store.builds(plan.release.commit)).map((b) => [b.artifact, b.digest]));
  const diffs: TargetDiff[] = [];
  for (const member of Object.values(plan.members)) {
    const page = await parts.store.targets({ service: member.service, environment: member.environment }, { limit: 1, cursor: null });
    const live = page.items[0]?.live ?? null;
    const definition = live && live.definition !== "" ? await parts.store.definition(live.definition) : null;
    const digest = member.artifact === null ? null : (built.get(member.artifact) ?? null);
    const after = await rendered(parts, member.target, member.definition, member.commit, digest);
    const before = live && definition ? await rendered(parts, member.target, definition, live.commit, live.digest) : null;
    diffs.push({
      target: member.target,
      from: live?.commit ?? null,
      to: member.commit,
      before: before?.text ?? null,
      after: after.text,
      problem: after.problem,
    });
  }
  return diffs;
}

async function rendered(
  parts: DiffParts,
  target: TargetId,
  definition: Definition,
  commit: CommitId,
  digest: Digest | null,
): Promise<Rendered> {
  try {
    const driver = await parts.driver(definition.driver);
    return { text: await driver.render({ project: parts.project, target, commit, digest, definition }), problem: null };
  } catch (error) {
    return { text: JSON.stringify(definition, null, 2), problem: messageOf(error) };
  }
}
