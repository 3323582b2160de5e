import { refusedByPolicy } from "../../cluster/allowed.ts";
import { parseManifests } from "../../cluster/manifests.ts";
import { inOrder, keyOf, type KubeObject, titleOf } from "../../cluster/objects.ts";
import { variablesOf } from "../../cluster/connect.ts";
import { shownDigest } from "../../cluster/unbuilt.ts";
import { ownerLabels } from "../../cluster/owners.ts";
import type { LookContext, RenderInput } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";
import { readManifests } from "./files.ts";
import { pinImages } from "./images.ts";
import { kustomize, OutsideError } from "./kustomize.ts";
import { withLabels } from "./labels.ts";
import { selectObjects } from "./select.ts";

type Context = Pick<LookContext, "signal" | "tree">;

/** The objects of a target as they are applied, but for the annotations that say by which attempt: ordered, labelled, images pinned. Rejects with what is wrong with them. */
export async function objectsOf(input: RenderInput, context: Context): Promise<readonly KubeObject[]> {
  const digest = shownDigest(input);
  const settings = settingsOf(input.definition, digest);
  const all =
    settings.kustomize === null
      ? await readManifests(settings.manifests, context.tree)
      : await kustomized(settings.kustomize, input, context);
  const selected = settings.select === null ? all : selectObjects(all, settings.select);
  refuse(selected, settings.place.namespace ?? null);
  const refused = refusedByPolicy(selected, input.definition, settings.place.namespace ?? null);
  if (refused.length > 0) throw new Error(refused.join("\n"));
  const labels = ownerLabels(input);
  const labelled = inOrder(selected).map((object) => withLabels(object, labels));
  return digest === null ? labelled : pinImages(labelled, settings.images, input.definition.image, digest);
}

async function kustomized(path: string, { definition }: RenderInput, { signal, tree }: Context): Promise<readonly KubeObject[]> {
  const env = variablesOf(definition);
  const [top = ".", ...others] = path.split("/");
  try {
    const part = others.length === 0 ? null : await kustomize(await tree(top), others.join("/"), env, signal);
    return parseManifests(part ?? (await kustomize(await tree("."), path, env, signal)), `what ${path} makes`);
  } catch (error) {
    if (!(error instanceof OutsideError) || others.length === 0) throw error;
    // its bases lie beside the folder at the top: the whole tree is needed
    return parseManifests(await kustomize(await tree("."), path, env, signal), `what ${path} makes`);
  }
}

/** What may not be deployed together, and what policy may not have been asked about. */
function refuse(objects: readonly KubeObject[], namespace: string | null): void {
  const seen = new Map<string, KubeObject>();
  for (const object of objects) {
    const key = keyOf(object, namespace);
    if (seen.has(key)) throw new Error(`${titleOf(object)} is there twice: keep one of them`);
    seen.set(key, object);
    const own = object.metadata.namespace;
    if (namespace !== null && own !== undefined && own !== namespace)
      throw new Error(
        `${titleOf(object)} is in the namespace ${own}, and this target's \`namespace\` is ${namespace}: take one of the two out`,
      );
  }
}
