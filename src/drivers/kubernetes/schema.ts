import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";
import { checkPath } from "../../core/config/path.ts";

/** Inside the repository, before and after variables are filled in. */
const path = z
  .string()
  .min(1)
  .superRefine((text, issues) => {
    const checked = checkPath(text);
    if (!checked.ok) issues.addIssue({ code: "custom", message: `must be a path from the folder of sluice.yaml: it ${checked.reason}` });
  });

const shape = z
  .strictObject({
    manifests: z
      .array(path)
      .min(1)
      .optional()
      .describe("Files, folders (what is directly in them) or globs of the commit's tree, with manifests in YAML or JSON."),
    kustomize: path.optional().describe("Folder of the commit's tree that holds a kustomization."),
    namespace: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Namespace of objects that name none; one that names another is refused. If not said, the context's, and objects may name others.",
      ),
    context: z.string().min(1).optional().describe("Context of the kubeconfig; its current one if not said."),
    kubeconfig: z
      .string()
      .regex(/^(\/|~\/|.*\$\{)/, "must be an absolute path, or one below ~/")
      .optional()
      .describe("The kubeconfig's absolute path, or one below `~/`. If not said, that of `KUBECONFIG`, else `~/.kube/config`."),
    createNamespace: z.boolean().default(false).describe("Makes the namespace where it is missing. It is never removed."),
    select: z
      .array(z.string().regex(/^([A-Za-z]+\/\S+|[^\s=/]+(\/[^\s=]+)?=\S*|.*\$\{.+)$/, "must be Kind/name, or label=value"))
      .min(1)
      .optional()
      .describe("Only these objects, by `Kind/name` or `label=value`; all if not said."),
    images: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "Names of images in the manifests that become the artifact, by digest. If not said, the repository that the artifact is pushed to.",
      ),
    prune: z.boolean().default(true).describe("Removes what an earlier release of this service brought and this one lacks."),
    forceConflicts: z.boolean().default(false).describe("Takes fields that somebody else has set, instead of failing."),
  })
  .superRefine(({ manifests, kustomize }, issues) => {
    if ((manifests === undefined) === (kustomize === undefined))
      issues.addIssue({ code: "custom", message: "needs either `manifests` or `kustomize`" });
  })
  .meta({ oneOf: [{ required: ["manifests"] }, { required: ["kustomize"] }] });

export type KubernetesConfig = z.input<typeof shape>;

/** Two services that deploy the same objects would undo each other's work. Where they select, it is what they select that must not be the same. */
function claims(config: KubernetesConfig): readonly string[] {
  const { manifests = [], kustomize, context, kubeconfig, namespace, select } = config;
  const place = `in ${[namespace ?? "the context's namespace", context ?? "the current context", kubeconfig].filter(Boolean).join(" of ")}`;
  const paths = kustomize === undefined ? manifests : [kustomize];
  const parts = select ?? ["all objects"];
  return paths.flatMap((one) => parts.map((part) => `${part} of ${one} ${place}`));
}

export const schema = { ...adapterSchema("driver", "kubernetes", shape), claims };
