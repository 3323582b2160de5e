import type { LookContext, RenderInput } from "../../engine/ports/driver.ts";
import { refusedByPolicy } from "../../cluster/allowed.ts";
import { variablesOf } from "../../cluster/connect.ts";
import { parseManifests } from "../../cluster/manifests.ts";
import type { KubeObject } from "../../cluster/objects.ts";
import { maskOf, printManifests } from "../../cluster/print.ts";
import { shownDigest } from "../../cluster/unbuilt.ts";
import { inputArguments, templateArguments } from "./arguments.ts";
import { withChart } from "./chart.ts";
import { settingsOf } from "./config.ts";
import { ask, fetchChart, type Helm, helmEnvironment, versionOf } from "./helm.ts";
import { readable } from "./words.ts";

const TEMPLATE_MS = 60_000;

export type Rendered = { readonly objects: readonly KubeObject[]; readonly title: string; readonly version: string };

/** What Helm makes of the chart, hooks included, without asking a cluster. Rejects with its words, where the image would not be pinned, and where policy does not allow what it makes. */
export async function template(input: RenderInput, context: LookContext): Promise<Rendered> {
  const { definition } = input;
  const digest = shownDigest(input);
  const settings = settingsOf(definition, digest);
  const helm: Helm = { env: helmEnvironment(variablesOf(definition), context.home), home: context.home, signal: context.signal };
  await versionOf(helm);
  const { chart: source } = settings;
  const remote = () => (source.kind === "remote" ? fetchChart(helm, source) : Promise.reject(new Error("not a remote chart")));
  return await withChart(settings, { home: context.home, tree: context.tree, remote }, async (chart, scratch) => {
    const inputs = await inputArguments(settings, chart, definition.image ?? null, digest, scratch);
    const text = readable(await ask(helm, templateArguments(settings, chart, inputs), TEMPLATE_MS), chart.path, chart.title);
    mustPin(text, { definition, digest }, chart.title);
    const objects = parseManifests(text, `what the chart ${chart.title} renders`);
    const refused = refusedByPolicy(objects, definition, settings.place.namespace);
    if (refused.length > 0) throw new Error(`the chart ${chart.title} makes what it may not:\n${refused.join("\n")}`);
    return { objects, title: chart.title, version: chart.version };
  });
}

export async function render(input: RenderInput, context: LookContext): Promise<string> {
  const { definition, commit, digest } = input;
  const { place, hooks } = settingsOf(definition, digest);
  const { objects, title, version } = await template(input, context);
  const lines = [
    `chart: ${title} ${version}`,
    `release: ${place.release}`,
    `namespace: ${place.namespace}`,
    ...(place.context === undefined ? [] : [`context: ${place.context}`]),
    ...(place.kubeconfig === undefined ? [] : [`kubeconfig: ${place.kubeconfig}`]),
    ...(hooks ? [] : ["hooks: not run"]),
    `commit: ${commit}`,
    `artifact: ${artifactText(definition.image ?? null, digest)}`,
    ...(objects.length === 0 ? ["note: the chart renders nothing"] : []),
  ];
  return `${lines.join("\n")}\n${printManifests(objects, maskOf(context.home))}`;
}

function artifactText(image: string | null, digest: string | null): string {
  if (digest === null) return image === null ? "none" : `${image}, not built yet`;
  return image === null ? digest : `${image}@${digest}`;
}

/** Whoever approves approves a digest: what runs must be that, and not what a tag means by then. */
function mustPin(text: string, { definition: { image }, digest }: Pick<RenderInput, "definition" | "digest">, title: string): void {
  if (image === undefined || digest === null || text.includes(`@${digest}`) || !/^[\s-]*image:/m.test(text)) return;
  throw new Error(
    `nothing that the chart ${title} renders runs the image ${image}@${digest}: name the values that take it as \`image\`, such as \`image: { repository: web.image.repository, tag: web.image.tag }\``,
  );
}
