import type { Digest, Json } from "../../core/config/config.ts";
import { checkPath } from "../../core/config/path.ts";
import { interpolateLate, variablesIn } from "../../core/config/variables.ts";
import type { Definition } from "../../core/plan/plan.ts";
import { DEFAULT_NAMESPACE, EXACT_VERSION, isLabel, isRemote, RELEASE_LENGTH } from "./names.ts";
import type { HelmConfig } from "./schema.ts";

/** Where a release is. */
export type Place = {
  readonly release: string;
  readonly namespace: string;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
};
export type ChartSource =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "remote"; readonly chart: string; readonly repo: string | null; readonly version: string };
export type ImageKeys = NonNullable<HelmConfig["image"]>;

export type Settings = {
  readonly place: Place;
  readonly chart: ChartSource;
  /** Paths in the repository. */
  readonly values: readonly string[];
  readonly set: Readonly<Record<string, Json>>;
  /** null: not said. */
  readonly image: ImageKeys | null;
  /** Whether the digest is asked for by `${digest}`, so that nothing else has to bring it to the chart. */
  readonly namesDigest: boolean;
  readonly createNamespace: boolean;
  readonly forceConflicts: boolean;
  readonly hooks: boolean;
  readonly historyMax: number;
  readonly kubeVersion: string | null;
};

/** The driver's part of a definition, its `${digest}` filled in. Most of what it may say was checked when the plan was made; what came out of variables is checked here, before any of it is an argument or a path. */
export function settingsOf(definition: Definition, digest: Digest | null): Settings {
  const config = interpolateLate(definition.config, { digest, url: null }) as HelmConfig;
  return {
    place: placeOf(config, definition.service),
    chart: chartOf(config),
    values: (config.values ?? []).map((file) => pathOf(file, "values")),
    set: config.set ?? {},
    image: config.image ?? null,
    namesDigest: variablesIn(definition.config).includes("digest"),
    createNamespace: config.createNamespace ?? false,
    forceConflicts: config.forceConflicts ?? false,
    hooks: config.hooks ?? true,
    historyMax: config.historyMax ?? 10,
    kubeVersion: config.kubeVersion === undefined ? null : versionOf(config.kubeVersion),
  };
}

function placeOf({ release, namespace, context, kubeconfig }: HelmConfig, service: string): Place {
  const name = release ?? service;
  if (!isLabel(name, RELEASE_LENGTH))
    throw new Error(
      `${JSON.stringify(name)} cannot be the name of a Helm release: lower case letters, digits and - inside, at most ${RELEASE_LENGTH}; say another one as \`release\``,
    );
  const space = namespace ?? DEFAULT_NAMESPACE;
  if (!isLabel(space))
    throw new Error(`${JSON.stringify(space)} cannot be a namespace: lower case letters, digits and - inside, at most 63`);
  if (context !== undefined && !isPlain(context)) throw new Error(`${JSON.stringify(context)} cannot be a context`);
  if (kubeconfig !== undefined && !isPlain(kubeconfig)) throw new Error(`${JSON.stringify(kubeconfig)} cannot be a kubeconfig`);
  return { release: name, namespace: space, context, kubeconfig };
}

const isPlain = (text: string): boolean => text !== "" && !/\p{Cc}/u.test(text);

function chartOf({ chart, repo, version }: HelmConfig): ChartSource {
  if (!isRemote({ chart, repo })) return { kind: "folder", folder: pathOf(chart, "chart") };
  if (version === undefined || !EXACT_VERSION.test(version))
    throw new Error(`the chart ${chart} needs an exact \`version\`, such as 1.4.2`);
  if (repo === undefined && !chart.startsWith("oci://"))
    throw new Error(`the chart ${chart} is neither a folder of the repository nor an oci:// address`);
  if (repo !== undefined && !/^https?:\/\/[^\s@]+$/.test(repo))
    throw new Error(`${JSON.stringify(repo)} is no address of a chart repository`);
  if (!isPlain(chart) || (repo !== undefined && !/^[a-z0-9][a-z0-9._-]*$/i.test(chart)))
    throw new Error(`${JSON.stringify(chart)} is no chart`);
  return { kind: "remote", chart, repo: repo ?? null, version };
}

function pathOf(text: string, key: string): string {
  const checked = checkPath(text);
  if (checked.ok) return checked.path;
  throw new Error(`\`${key}\`: ${JSON.stringify(text)} ${checked.reason}: name what is in the folder of sluice.yaml, from there`);
}

function versionOf(text: string): string {
  if (/^v?\d+\.\d+(\.\d+)?$/.test(text)) return text;
  throw new Error(`\`kubeVersion\`: ${JSON.stringify(text)} is no version such as 1.34`);
}
