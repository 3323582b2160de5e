import { refusedIn } from "../../cluster/allowed.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { parseManifests } from "../../cluster/manifests.ts";
import { groupOf, keyOf, type KubeObject, titleOf } from "../../cluster/objects.ts";
import { isSameOwner, ownerLabels, ownerOf, ownerText } from "../../cluster/owners.ts";
import { parseObject } from "../../host/answers.ts";
import { templateArguments } from "./arguments.ts";
import type { Chart } from "./chart.ts";
import { ask, HelmError } from "./helm.ts";
import { objectsOf } from "./objects.ts";
import type { Stored } from "./releases.ts";
import type { Session } from "./session.ts";

/** What Helm would apply, and what it would run beside: of a hook it deletes and makes again what has its name, whosever that is. */
export type Made = { readonly objects: readonly KubeObject[]; readonly hooks: readonly KubeObject[] };

type Change = { readonly chart: Chart; readonly inputs: readonly string[]; readonly install: boolean; readonly args: readonly string[] };

/**
 * What an upgrade would make, by Helm's own dry run with the cluster at hand: what a chart looks up there, and whether it is an upgrade, are in it, as they are not in what was shown.
 * Rejects with `HelmError` where Helm refuses.
 */
export async function preview(session: Session, { chart, inputs, install, args }: Change): Promise<Made> {
  // a first install brings the chart's CRDs, of which a dry run says nothing
  const plain = install ? await rendered(session, chart, inputs) : [];
  const definitions = plain.filter(({ kind }) => kind === "CustomResourceDefinition");
  const [verb = "", ...others] = args;
  try {
    const text = await ask(session.helm, [verb, "--dry-run=server", "--output=json", ...others], session.left());
    const made = madeOf(text, session.settings.hooks);
    return { ...made, objects: [...definitions, ...made.objects] };
  } catch (error) {
    // kinds that come with the chart itself are not there yet
    if (!(error instanceof HelmError) || definitions.length === 0 || !/no matches for kind/.test(error.message)) throw error;
    return { objects: [], hooks: plain };
  }
}

async function rendered({ helm, settings, left }: Session, chart: Chart, inputs: readonly string[]): Promise<readonly KubeObject[]> {
  return parseManifests(await ask(helm, templateArguments(settings, chart, inputs), left()), `what the chart ${chart.title} renders`);
}

type Printed = {
  readonly manifest?: string;
  readonly hooks?: readonly { readonly manifest?: string; readonly events?: readonly string[] }[];
};

function madeOf(text: string, withHooks: boolean): Made {
  const release = parseObject(text) as Printed | null;
  if (release === null) throw new Error("Helm's dry run has not answered with a release");
  const hooks = withHooks ? (release.hooks ?? []).filter(({ events = [] }) => !isTest(events)) : [];
  return {
    objects: parseManifests(release.manifest ?? "", "what the chart makes"),
    hooks: hooks.flatMap(({ manifest = "" }) => parseManifests(manifest, "a hook of the chart")),
  };
}

/** Nothing but `helm test` runs it. */
const isTest = (events: readonly string[]): boolean => events.length > 0 && events.every((event) => event.startsWith("test"));

/** What a revision holds that Helm goes back to. */
export const madeBy = (stored: Stored, withHooks: boolean): Made => ({
  objects: objectsOf(stored),
  hooks: withHooks
    ? stored.hooks
        .filter(({ events }) => !isTest(events))
        .flatMap(({ manifest, name }) => parseManifests(manifest, `the hook ${name} of revision ${stored.revision}`))
    : [],
});

/** Why it must not be applied; null where it may. Asked before anything is touched. */
export async function refusalOf(session: Session, { objects, hooks }: Made): Promise<string | null> {
  const { cluster, input } = session;
  try {
    const refused = await refusedIn(cluster, [...objects, ...hooks], input.definition);
    const taken = refused.length > 0 ? [] : await othersAmong(session, hooks);
    const lines = [...refused, ...taken];
    return lines.length === 0 ? null : `nothing was changed:\n${lines.join("\n")}`;
  } catch (error) {
    if (!isClusterError(error, "forbidden")) throw error;
    return `${error.message}\n${error.hint}`;
  }
}

/** Helm looks at whose an object is before it takes it into a release, but not before it deletes what has the name of a hook. */
async function othersAmong(session: Session, hooks: readonly KubeObject[]): Promise<readonly string[]> {
  const live = await readLive(session.cluster, hooks);
  return hooks.flatMap((hook) => {
    const there = live.get(keyOf(hook, session.cluster.namespace));
    const whose = there === undefined ? null : otherOwner(there, session);
    return whose === null ? [] : [`the hook ${titleOf(hook)} would replace what belongs to ${whose}: give it another name`];
  });
}

function otherOwner(there: KubeObject, { input, settings: { place } }: Session): string | null {
  const owner = ownerOf(there);
  if (owner !== null && !isSameOwner(owner, ownerLabels(input))) return ownerText(owner);
  const { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace } = there.metadata.annotations ?? {};
  if (release !== undefined && (release !== place.release || (namespace ?? place.namespace) !== place.namespace))
    return `the Helm release ${release} in ${namespace ?? place.namespace}`;
  return isHelmsOwn(there) ? "Helm itself, which keeps releases there" : null;
}

const isHelmsOwn = ({ apiVersion, kind, metadata, ...rest }: KubeObject): boolean =>
  kind === "Secret" &&
  groupOf(apiVersion) === "" &&
  (rest["type"] === "helm.sh/release.v1" || metadata.name.startsWith("sh.helm.release."));
