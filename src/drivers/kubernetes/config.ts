import type { Place } from "../../cluster/kubeconfig.ts";
import type { Digest } from "../../core/config/config.ts";
import { checkPath } from "../../core/config/path.ts";
import { interpolateLate } from "../../core/config/variables.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { KubernetesConfig } from "./schema.ts";

export type Settings = {
  readonly manifests: readonly string[];
  /** null: `manifests` it is. */
  readonly kustomize: string | null;
  readonly place: Place;
  readonly createNamespace: boolean;
  readonly select: readonly string[] | null;
  readonly images: readonly string[];
  readonly prune: boolean;
  readonly forceConflicts: boolean;
};

/** The driver's part of a definition, its `${digest}` filled in. What it may say was checked when the plan was made, but for what variables make of paths: throws where one leaves the project's folder. */
export function settingsOf(definition: Definition, digest: Digest | null): Settings {
  const config = interpolateLate(definition.config, { digest, url: null }) as KubernetesConfig;
  const { kubeconfig, context, namespace, select = null, createNamespace = false, prune = true, forceConflicts = false } = config;
  return {
    manifests: (config.manifests ?? []).map(inside),
    kustomize: config.kustomize === undefined ? null : inside(config.kustomize),
    place: { kubeconfig, context, namespace },
    createNamespace,
    select,
    images: config.images ?? (definition.image === undefined ? [] : [definition.image]),
    prune,
    forceConflicts,
  };
}

function inside(path: string): string {
  const checked = checkPath(path);
  if (!checked.ok) throw new Error(`the path ${JSON.stringify(path)} ${checked.reason}`);
  return checked.path;
}
