import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../../core/config/config.ts";
import { isSecret } from "../../../core/config/credentials.ts";
import type { AttemptSpec } from "../../../core/run/effects.ts";
import { hostVariables, pick } from "../../../host/environment.ts";

type Variables = Readonly<Record<string, string>>;

export type AttemptEnvironment = {
  readonly env: Variables;
  /** Values to hide in logs. */
  readonly secrets: readonly string[];
  /** Credentials that are asked for and not set. */
  readonly missing: readonly string[];
};

/** The variables that an attempt's commands get; builders' and drivers' READMEs list them. @param host the server's own environment */
export function environmentOf(spec: AttemptSpec, home: string, host: NodeJS.ProcessEnv): AttemptEnvironment {
  const { variables, credentials } = spec.kind === "build" ? spec.artifact : spec.definition;
  const given = pick(host, credentials);
  return {
    env: { ...hostVariables(host), ...variables, ...given, ...(spec.kind === "build" ? ofBuild(spec) : ofTarget(spec, home)) },
    secrets: Object.entries(given).flatMap(([name, value]) => (isSecret(name, value) ? [value] : [])),
    missing: credentials.filter((name) => given[name] === undefined),
  };
}

function ofBuild(spec: AttemptSpec & { readonly kind: "build" }): Variables {
  return {
    ...common(spec),
    SLUICE_ARTIFACT: spec.artifact.name,
    ...(spec.artifact.environment === null ? {} : { SLUICE_ENVIRONMENT: spec.artifact.environment }),
  };
}

function ofTarget(spec: Exclude<AttemptSpec, { kind: "build" }>, home: string): Variables {
  const directory = artifactDirectory(home, spec.digest);
  const needs = Object.entries(spec.needs).map(
    ([service, url]) => [`SLUICE_NEED_${service.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_URL`, url] as const,
  );
  return {
    ...common(spec),
    SLUICE_SERVICE: spec.definition.service,
    SLUICE_ENVIRONMENT: spec.definition.environment,
    SLUICE_DIRECTION: spec.direction,
    ...(spec.digest === null ? {} : { SLUICE_ARTIFACT_DIGEST: spec.digest }),
    ...(directory === null ? {} : { SLUICE_ARTIFACT_DIR: directory }),
    ...Object.fromEntries(needs),
  };
}

function common(spec: AttemptSpec): Variables {
  return { SLUICE_PROJECT: spec.project, SLUICE_COMMIT: spec.commit, SLUICE_ATTEMPT_ID: spec.id, SLUICE_RUN: spec.run };
}

/** Where the files of an artifact are, or null where it is none that this host holds as files. */
export function artifactDirectory(home: string, digest: Digest | null): string | null {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "") ?? [];
  if (hex === undefined) return null;
  const tree = join(home, "artifacts", hex, "tree");
  return existsSync(tree) ? tree : null;
}
