import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import type { Digest } from "../../core/config/config.ts";
import type { Chart } from "./chart.ts";
import { defaultsOf } from "./chart.ts";
import type { Settings } from "./config.ts";
import type { Version } from "./helm.ts";
import { imageValues, usualKeys, valuesOf } from "./values.ts";

/** What goes into every rendering of a release, the same for a look and for an upgrade. */
export async function inputArguments(
  settings: Settings,
  chart: Chart,
  image: string | null,
  digest: Digest | null,
  scratch: string,
): Promise<readonly string[]> {
  const own = valuesOf(settings.set, digest === null ? {} : await pinned(settings, chart, image, digest));
  const file = join(scratch, "values.json");
  // a file, for what `--set` takes for its own (commas, dots, braces, a leading -) is only text there
  if (Object.keys(own).length > 0) await writeFile(file, JSON.stringify(own), { mode: 0o600 });
  return [...chart.values, ...(Object.keys(own).length > 0 ? [file] : [])].map((path) => `--values=${listed(path)}`);
}

/** Helm splits the option at commas, as one line of CSV. */
const listed = (path: string): string => (/[",\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path);

async function pinned(settings: Settings, chart: Chart, image: string | null, digest: Digest): Promise<Readonly<Record<string, string>>> {
  if (settings.image !== null) return imageValues(settings.image, image, digest);
  if (settings.namesDigest || image === null) return {};
  const keys = usualKeys(await defaultsOf(chart));
  if (keys !== null) return imageValues(keys, image, digest);
  throw new Error(
    `the chart ${chart.title} does not say which of its values takes the image ${image}@${digest}: name it as \`image\`, such as \`image: { value: web.image }\` or \`image: { repository: web.image.repository, tag: web.image.tag }\``,
  );
}

export function templateArguments(settings: Settings, chart: Chart, inputs: readonly string[]): readonly string[] {
  const { place, hooks, kubeVersion } = settings;
  return [
    "template",
    `--namespace=${place.namespace}`,
    "--include-crds",
    "--skip-tests",
    ...(hooks ? [] : ["--no-hooks"]),
    ...(kubeVersion === null ? [] : [`--kube-version=${kubeVersion}`]),
    ...inputs,
    "--",
    place.release,
    chart.path,
  ];
}

export type ChangeOptions = {
  readonly version: Version;
  /** See `placeArguments`. */
  readonly place: readonly string[];
  readonly timeoutMs: number;
  /** Whether Helm waits until all is ready: for hooks that come after. */
  readonly wait: boolean;
};

export function upgradeArguments(
  { place, ...settings }: Settings,
  chart: Chart,
  inputs: readonly string[],
  change: ChangeOptions & { readonly labels: Readonly<Record<string, string>>; readonly description: string; readonly install: boolean },
): readonly string[] {
  return [
    "upgrade",
    ...(change.install ? ["--install"] : []),
    ...(change.install && settings.createNamespace ? ["--create-namespace"] : []),
    // without any values Helm takes those of the revision before
    "--reset-values",
    // API servers of the last years check every field themselves, and Helm then leaves it to them; but it fetches their schemas first
    "--disable-openapi-validation",
    ...common(settings, change),
    `--description=${change.description}`,
    `--labels=${Object.entries(change.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",")}`,
    ...inputs,
    "--",
    place.release,
    chart.path,
  ];
}

export function rollbackArguments({ place, ...settings }: Settings, revision: number, change: ChangeOptions): readonly string[] {
  return ["rollback", ...common(settings, change), "--", place.release, String(revision)];
}

export function uninstallArguments({ place }: Settings, change: Omit<ChangeOptions, "version" | "wait">): readonly string[] {
  return ["uninstall", ...change.place, "--no-hooks", "--wait", `--timeout=${seconds(change.timeoutMs)}s`, "--", place.release];
}

function common(
  settings: Pick<Settings, "hooks" | "historyMax" | "forceConflicts">,
  { version, place, timeoutMs, wait }: ChangeOptions,
): readonly string[] {
  return [
    ...place,
    `--history-max=${settings.historyMax}`,
    `--timeout=${seconds(timeoutMs)}s`,
    ...(settings.hooks ? [] : ["--no-hooks"]),
    ...(wait ? ["--wait"] : []),
    // only server-side apply knows conflicts; with `auto`, Helm refuses to force a release that was applied in the old way
    ...(settings.forceConflicts && version.major >= 4 ? ["--force-conflicts", "--server-side=true"] : []),
  ];
}

const seconds = (ms: number): number => Math.max(1, Math.floor(ms / 1000));
