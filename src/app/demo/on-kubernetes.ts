import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type HarborVariant, TEMPLATE } from "./harbor.ts";

/** What stands in the sample where the registry's address belongs. */
const REGISTRY = "registry.harbor.example";
/** Fake nodes run nothing, so that the image needs no Node in it, nor a base from elsewhere. */
const DOCKERFILE = "FROM scratch\nCOPY . /harbor\n";

/** The sample on a cluster of fake nodes, its images in this registry (`host:port`). There a pod's annotation says how it behaves. */
export function harborOnKubernetes(registry: string): HarborVariant {
  return {
    edit: async (tree) => {
      await writeFile(join(tree, "sluice.yaml"), await readFile(join(TEMPLATE, "sluice.kubernetes.yaml"), "utf8"));
      await writeFile(join(tree, "Dockerfile"), DOCKERFILE);
      for (const file of await readdir(tree, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const path = join(file.parentPath, file.name);
        const text = await readFile(path, "utf8");
        if (text.includes(REGISTRY)) await writeFile(path, text.replaceAll(REGISTRY, registry));
      }
    },
    branches: [
      {
        name: "broken-rollout",
        subject: "api: ask a database that is not there",
        edit: (tree) => appendFile(join(tree, "deploy/values/api.yaml"), "podAnnotations: { fake/pod: crash }\n"),
      },
      {
        name: "broken-image",
        subject: "auth: from an image that nobody has pushed",
        edit: (tree) => appendFile(join(tree, "deploy/values/auth.yaml"), "podAnnotations: { fake/pod: nopull }\n"),
      },
    ],
  };
}
