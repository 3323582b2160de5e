import { type KubeObject, titleOf } from "../../cluster/objects.ts";

/** The objects that one of these means, by `Kind/name` or `label=value`. Throws for one that means none. */
export function selectObjects(objects: readonly KubeObject[], selectors: readonly string[]): readonly KubeObject[] {
  const chosen = new Set<KubeObject>();
  for (const selector of selectors) {
    const found = objects.filter((object) => isMeant(object, selector));
    if (found.length === 0)
      throw new Error(
        `\`select\`: ${selector} is none of the objects: ${objects.slice(0, 20).map(titleOf).join(", ")}${objects.length > 20 ? ", …" : ""}`,
      );
    for (const object of found) chosen.add(object);
  }
  return objects.filter((object) => chosen.has(object));
}

function isMeant(object: KubeObject, selector: string): boolean {
  const [label, value] = selector.includes("=")
    ? [selector.slice(0, selector.indexOf("=")), selector.slice(selector.indexOf("=") + 1)]
    : [null, null];
  return label === null ? titleOf(object) === selector : object.metadata.labels?.[label] === value;
}
