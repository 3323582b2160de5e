import type { KubeObject } from "../../cluster/objects.ts";
import { maskOf, printManifests } from "../../cluster/print.ts";
import type { LookContext, RenderInput } from "../../engine/ports/driver.ts";
import { objectsOf } from "./rendering.ts";
import { fingerprintOf, store } from "./stored.ts";

/** The manifests as they are applied, secrets hidden; what they stand for is kept beside, for whoever applies it. */
export async function render(input: RenderInput, context: LookContext): Promise<string> {
  const objects = await objectsOf(input, context);
  const text = textOf(input, objects, context.home);
  store(context.home, fingerprintOf(input, text), objects);
  return text;
}

export function textOf({ commit, digest, definition }: RenderInput, objects: readonly KubeObject[], home: string): string {
  const artifact = digest ?? (definition.image === undefined ? "none" : "not built yet");
  return `# commit: ${commit}\n# artifact: ${artifact}\n${printManifests(objects, maskOf(home))}`;
}
