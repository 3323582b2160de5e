import type { Artifact, CommitId, EnvironmentId, JsonObject } from "../config/config.ts";
import { interpolate } from "../config/variables.ts";
import type { PlannedArtifact } from "./plan.ts";

/** What an artifact is made of. */
type Release = { readonly project: string; readonly commit: CommitId };
/** An environment that uses an artifact, with what its attempts get: policy, or what is recorded of it. */
export type ArtifactPlace = {
  readonly environment: EnvironmentId;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
};

/** As a step builds it. Where it is made once for all environments, it has nothing of any of them. */
export function planArtifact(name: string, artifact: Artifact, release: Release, place: ArtifactPlace): PlannedArtifact {
  const known = artifactVariables(artifact, release, place);
  const own = artifact.perEnvironment ? place : null;
  return {
    name,
    environment: own?.environment ?? null,
    builder: artifact.builder,
    config: interpolate(artifact.config, known) as JsonObject,
    timeoutMs: artifact.timeoutMs,
    variables: own?.variables ?? {},
    credentials: own?.credentials ?? [],
    ...(artifact.awaits === undefined ? {} : { awaits: interpolate(artifact.awaits, known) as string }),
  };
}

/** What an artifact may name. */
export function artifactVariables(
  { perEnvironment }: Pick<Artifact, "perEnvironment">,
  { project, commit }: Release,
  { environment, variables }: Pick<ArtifactPlace, "environment" | "variables">,
): Readonly<Record<string, string>> {
  if (!perEnvironment) return { project, commit };
  const own = Object.entries(variables).map(([name, value]) => [`variables.${name}`, value]);
  return { project, commit, environment, ...Object.fromEntries(own) };
}
