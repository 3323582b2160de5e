import type { Artifact, CommitId, Config, Digest, JsonObject, TargetId } from "../core/config/config.ts";
import { artifactVariables } from "../core/plan/artifact.ts";
import { interpolate } from "../core/config/variables.ts";
import type { Definition } from "../core/plan/plan.ts";
import type { Live, SnapshotRow } from "../core/run/rows.ts";
import type { DeployParts } from "./deploys.ts";
import { eachOf } from "./each.ts";
import { messageOf } from "./errors.ts";
import type { Move } from "./ways-back.ts";

type Parts = Pick<DeployParts, "configs" | "builder" | "home" | "project">;
/** What one builder is asked, once for all targets that it is about. */
type Question = {
  readonly digest: Digest;
  readonly commit: CommitId;
  readonly artifacts: readonly Pick<Artifact, "builder" | "config">[];
  readonly targets: TargetId[];
};

/** Says itself what has become of an artifact, in words that follow its digest. */
export class ArtifactError extends Error {
  override readonly name = "ArtifactError";
}

/** Some builders ask a registry. */
const AT_ONCE = 8;

/**
 * Targets that move to what is recorded and whose artifact is gone, or of which that cannot be told, and why. Each artifact is asked of the builder that made it, by the file of its own commit; where that says nothing of the service, by that of the
 * set's release or of the policy ref; and where none does, whoever has it will do.
 */
export async function goneOf(
  parts: Parts,
  policyCommit: CommitId,
  { release }: Pick<SnapshotRow, "release">,
  moves: readonly Move[],
): Promise<ReadonlyMap<TargetId, string>> {
  const questions = new Map<string, Question>();
  for (const { target, to: live, definition } of moves) {
    if (live.digest === null) continue;
    const configs = await configsAt(parts, [live.commit, release, policyCommit]);
    const artifacts = artifactsOf(parts, configs, target, live, definition);
    const key = JSON.stringify([live.digest, live.commit, artifacts]);
    const question = questions.get(key) ?? { digest: live.digest, commit: live.commit, artifacts, targets: [] };
    questions.set(key, question);
    question.targets.push(target);
  }
  const gone = new Map<TargetId, string>();
  await eachOf([...questions.values()], AT_ONCE, async (question) => {
    const why = await whyGone(parts, question);
    if (why !== null) for (const target of question.targets) gone.set(target, why);
  });
  return gone;
}

async function configsAt({ configs }: Parts, commits: readonly CommitId[]): Promise<readonly Config[]> {
  const read = await Promise.all([...new Set(commits)].map((commit) => configs.at(commit).catch(() => null)));
  return read.filter((config) => config !== null);
}

/** With the variables that its build had. */
function artifactsOf(
  parts: Parts,
  configs: readonly Config[],
  target: TargetId,
  { commit }: Live,
  definition: Definition,
): Question["artifacts"] {
  const [service = "", environment = ""] = target.split("@");
  const own = configs.flatMap((config) => config.artifacts[config.services[service]?.artifact ?? ""] ?? []);
  const release = { project: parts.project, commit };
  const place = { environment, variables: definition.variables };
  const asked = own.length > 0 ? own.slice(0, 1) : configs.flatMap((config) => Object.values(config.artifacts));
  return asked.map((artifact) => ({
    builder: artifact.builder,
    config: interpolate(artifact.config, artifactVariables(artifact, release, place)) as JsonObject,
  }));
}

async function whyGone(parts: Parts, { digest, commit, artifacts }: Question): Promise<string | null> {
  try {
    for (const { builder, config } of artifacts)
      if (await (await parts.builder(builder)).has(digest, config, parts.home, commit)) return null;
    return `its artifact ${digest} is gone`;
  } catch (error) {
    if (error instanceof ArtifactError) return `its artifact ${digest} ${error.message}`;
    return `whether its artifact ${digest} is still there cannot be told: ${messageOf(error)}`;
  }
}
