import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";
import { checkPath } from "../../core/config/path.ts";
import type { JsonObject, ServiceId } from "../../core/config/config.ts";
import { DEFAULT_NAMESPACE, EXACT_VERSION, isLabel, isRemote, problemOfKey, RELEASE_LENGTH } from "./names.ts";

/** Where a variable stands the text is not known yet: the driver looks at it again when it is. */
const orLater = (check: (text: string) => boolean) => (text: string) => text.includes("${") || check(text);
const key = z
  .string()
  .min(1)
  .superRefine((path, context) => {
    const message = problemOfKey(path);
    if (message !== null) context.addIssue({ code: "custom", message });
  });
const file = z.string().superRefine((path, context) => {
  const checked = checkPath(path);
  if (!checked.ok) context.addIssue({ code: "custom", message: `${checked.reason}: name a file from the folder of sluice.yaml` });
});

const image = z
  .strictObject({
    value: key.optional().describe("Key of the whole image, `repository@sha256:…`."),
    registry: key.optional().describe("Key of the registry's host, where the chart has one of its own; `repository` is then the rest."),
    repository: key.optional().describe("Key of the image's repository."),
    digest: key.optional().describe("Key of the digest, `sha256:…`."),
    tag: key.optional().describe("Key of the tag, for charts that know no digest: `repository` then ends in `@sha256`."),
  })
  .superRefine(({ value, registry, repository, digest, tag }, context) => {
    const forms = [value, digest, tag].filter((one) => one !== undefined).length;
    const fits =
      forms === 1 && (value === undefined || (registry ?? repository) === undefined) && (tag === undefined || repository !== undefined);
    if (!fits)
      context.addIssue({
        code: "custom",
        message: "must be `value` alone, or `digest` with or without `repository`, or `repository` and `tag`",
      });
  });

const shape = z
  .strictObject({
    chart: z
      .string()
      .min(1)
      .describe("A folder of the repository, with the chart as of the commit; or `oci://…`; or the name of a chart in `repo`."),
    repo: z
      .string()
      .regex(/^(https?:\/\/[^\s@]+|.*\$\{.+)$/, "must be the address of a chart repository, without user and password")
      .optional()
      .describe("Address of the chart repository that `chart` is a name in."),
    version: z
      .string()
      .refine(
        orLater((text) => EXACT_VERSION.test(text)),
        "must be one exact version, such as 1.4.2",
      )
      .optional()
      .describe("The chart's exact version, where it is not a folder of the repository."),
    values: z.array(file).optional().describe("Files of values in the repository, as of the commit; later ones win."),
    set: z
      .record(z.string(), z.json())
      .superRefine((values, context) => {
        for (const path of Object.keys(values)) {
          const message = problemOfKey(path);
          if (message !== null) context.addIssue({ code: "custom", path: [path], message });
        }
      })
      .optional()
      .describe("Single values, by the keys that lead to them (`web.replicas: 3`), of whatever kind YAML says; they win over `values`."),
    image: image
      .optional()
      .describe("Which values take the artifact's image. Left out: the usual ones, as the chart's own values.yaml has them."),
    release: z
      .string()
      .refine(
        orLater((text) => isLabel(text, RELEASE_LENGTH)),
        `must be lower case letters, digits and - inside, at most ${RELEASE_LENGTH}`,
      )
      .optional()
      .describe("Name of the Helm release; the service's name if not said."),
    namespace: z
      .string()
      .refine(
        orLater((text) => isLabel(text)),
        "must be lower case letters, digits and - inside, at most 63",
      )
      .default(DEFAULT_NAMESPACE)
      .describe("Namespace of the release."),
    context: z.string().min(1).optional().describe("Context of the kubeconfig; its current one if not said."),
    kubeconfig: z
      .string()
      .regex(/^(\/|~\/|.*\$\{)/, "must be an absolute path, or one below ~/")
      .optional()
      .describe("The kubeconfig, outside of the repository. Left out: `KUBECONFIG` where the environment names it, else `~/.kube/config`."),
    createNamespace: z.boolean().default(false).describe("Whether the namespace is made where there is none."),
    forceConflicts: z
      .boolean()
      .default(false)
      .describe("Whether fields that others have changed since, by hand or by a controller, are taken back."),
    hooks: z.boolean().default(true).describe("Whether the chart's hooks are run."),
    historyMax: z
      .int()
      .min(2)
      .max(100)
      .default(10)
      .describe("Revisions of the release that Helm keeps: how far back a rollback can use them."),
    kubeVersion: z
      .string()
      .regex(/^(v?\d+\.\d+(\.\d+)?|.*\$\{.+)$/, "must be a version such as 1.34")
      .optional()
      .describe("The Kubernetes that is rendered for; what the installed Helm takes for the current one if not said."),
  })
  .superRefine(({ chart, repo, version }, context) => {
    if (chart.includes("${") || repo?.includes("${")) return;
    const remote = isRemote({ chart, repo });
    if (remote && version === undefined)
      context.addIssue({
        code: "custom",
        path: ["chart"],
        message: "needs an exact `version`, since it is not a folder of the repository",
      });
    if (!remote && version !== undefined)
      context.addIssue({
        code: "custom",
        path: ["version"],
        message: "is for charts of a registry or repository; a folder has the version of the commit",
      });
    const checked = remote ? null : checkPath(chart);
    if (checked?.ok === false)
      context.addIssue({ code: "custom", path: ["chart"], message: `${checked.reason}: name a folder from that of sluice.yaml` });
    if (repo !== undefined && !/^[a-z0-9][a-z0-9._-]*$/i.test(chart))
      context.addIssue({ code: "custom", path: ["chart"], message: "must be the chart's name alone, since `repo` says where it is" });
  });

export type HelmConfig = z.input<typeof shape>;

export const schema = {
  ...adapterSchema("driver", "helm", shape),
  claims(config: JsonObject, service: ServiceId): readonly string[] {
    const { release = service, namespace = DEFAULT_NAMESPACE, context, kubeconfig } = config as HelmConfig;
    const place = [
      context === undefined ? [] : [`context ${context}`],
      kubeconfig === undefined ? [] : [`kubeconfig ${kubeconfig}`],
    ].flat();
    return [`helm release ${release} in namespace ${namespace}${place.length === 0 ? "" : ` of ${place.join(", ")}`}`];
  },
};
