/** A step of a Stage of kwok, which changes what matches it: https://kwok.sigs.k8s.io/docs/user/stages-configuration */
type Step =
  | { readonly patch: { readonly subresource: "status"; readonly root: "status"; readonly template: string } }
  | { readonly apply: { readonly template: string } }
  | { readonly delete: true };

type Delay = { readonly ms: number; /** jq: a duration such as "5s", or null for `ms`. */ readonly from?: string };

/** For objects of a kind for which the jq expression `when` is true. No two of one kind may match together: kwok would draw lots. */
export function stage(kind: "Pod" | "Node", name: string, when: string, steps: readonly Step[], delay?: Delay) {
  const from = delay?.from === undefined ? {} : { durationFrom: { jq: { expression: delay.from } } };
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: `${kind.toLowerCase()}-${name}` },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions: [{ jq: { key: `(${when}) | tostring`, operator: "In", values: ["true"] } }] },
      ...(delay === undefined ? {} : { delay: { durationMilliseconds: delay.ms, ...from } }),
      steps,
    },
  };
}

/** Changes the status to what a Go template makes: YAML, merged as `kubectl patch` would. */
export const patchStatus = (...template: readonly string[]): Step => ({
  patch: { subresource: "status", root: "status", template: template.join("\n") },
});

/** Creates or changes another object. */
export const apply = (...template: readonly string[]): Step => ({ apply: { template: template.join("\n") } });

export const remove: Step = { delete: true };
