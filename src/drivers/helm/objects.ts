import { parseManifests } from "../../cluster/manifests.ts";
import type { KubeObject } from "../../cluster/objects.ts";
import type { Stored } from "./releases.ts";

/** The objects of a revision, without its hooks. */
export const objectsOf = ({ manifest, revision }: Stored): readonly KubeObject[] =>
  parseManifests(manifest, `the manifest of revision ${revision}`);
