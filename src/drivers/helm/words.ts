import type { Place } from "./config.ts";

/** Helm's own words for what went wrong, out of all that it printed. */
export function errorOf(printed: string): string {
  const lines = printed.split("\n");
  const at = lines.findLastIndex((line) => /^(Error|ERROR):/.test(line));
  return at < 0
    ? printed.trim()
    : lines
        .slice(at)
        .join("\n")
        .replace(/^(Error|ERROR): /, "")
        .trim();
}

/** Whether Helm has ended because it could not reach the API server any more: what it was doing may have been done. */
export function isLost(error: string): boolean {
  return /connection (refused|reset)|unexpected EOF|: EOF|i\/o timeout|TLS handshake timeout|no route to host|network is unreachable|broken pipe|http2: |server is currently unable|apiserver not ready|cluster unreachable|use of closed network|etcdserver|the server was unable to return a response/i.test(
    error,
  );
}

/** Whether another Helm was quicker: the same can be asked again when that has ended. */
export function isBusyElsewhere(error: string): boolean {
  return /another operation \(install\/upgrade\/rollback\) is in progress|release: already exists|release named .* already exists|cannot re-use a name that is still in use/.test(
    error,
  );
}

type Advice = readonly [pattern: RegExp, advice: string];

const ADVICE: readonly Advice[] = [
  [
    /cannot be imported into the current release/,
    "The object is there already and belongs to nobody's release, or to another one: delete it, rename it in the chart, or hand it over with `kubectl label KIND NAME app.kubernetes.io/managed-by=Helm` and `kubectl annotate KIND NAME meta.helm.sh/release-name=RELEASE meta.helm.sh/release-namespace=NAMESPACE`",
  ],
  [
    /field is immutable|updates to (statefulset|deployment) spec.*are forbidden/,
    "Kubernetes cannot change that field of an object that is there: take the change back, give the object another name in the chart, or delete it yourself and retry (it is made anew)",
  ],
  [
    /chart requires kubeVersion/,
    "The chart says which versions of Kubernetes it is for (`kubeVersion` in its Chart.yaml): upgrade the cluster, or deploy a version of the chart that is for it",
  ],
  [
    /because it is being terminated/,
    "The namespace is being deleted: wait until it is gone, then deploy again with `createNamespace: true` or into one that you have made",
  ],
  [/namespaces? "[^"]+" not found/, "Make the namespace, or say `createNamespace: true`"],
  [
    /no matches for kind/,
    "The cluster does not know that kind: install what brings it (its CustomResourceDefinition) first; where it comes with this chart, put it into the chart's `crds` folder",
  ],
  [/exceeded quota/, "Raise the namespace's quota, or ask for less"],
  [/field not declared in schema|unknown field/, "Correct the field in the chart: the API server does not know it"],
  [/is forbidden: User/, "Grant the right that is named; `sluice doctor` lists every one that is missing"],
];

/** Helm's words and what to do about it. */
export function explain(error: string): string {
  const conflict = conflictsOf(error);
  if (conflict !== null) return conflict;
  const advice = ADVICE.find(([pattern]) => pattern.test(error))?.[1];
  return advice === undefined ? error : `${error}\n${advice}`;
}

/** `conflict with "kubectl-set" using apps/v1: .spec.template…` and, of several, `conflicts with "kubectl-edit" using apps/v1:\n- .spec.replicas`. */
function conflictsOf(error: string): string | null {
  if (!/Apply failed with \d+ conflict/.test(error)) return null;
  const [, object = ""] = /conflict occurred while applying object (\S+)/.exec(error) ?? [];
  const [, kind = ""] = /Kind=(\w+)/.exec(error) ?? [];
  const found: string[] = [];
  for (const [, manager = "", fields = ""] of error.matchAll(/conflicts? with "([^"]+)"[^:]*:\s*((?:\n?-?\s*\.[^\n]+)+)/g))
    for (const field of fields.split("\n").map((one) => one.replace(/^-?\s*/, "").trim()))
      if (field !== "") found.push(`  ${field} was set by ${manager}`);
  return [
    `${kind} ${object} has fields that somebody else has changed since the last deploy, and owns now:`,
    ...(found.length > 0 ? found : [error]),
    "Take the change into the chart, or the field out of it. Undoing it by hand does not give the field back: `forceConflicts: true` lets every deploy take such fields; a rollback and `sluice deploy --redeploy` do",
  ].join("\n");
}

/** Helm's words with the chart called as in the repository. */
export function readable(text: string, path: string, title: string): string {
  return text.replaceAll(path, title);
}

/** The command by which a release stops being its target's. */
export function handOver({ release, namespace, context, kubeconfig }: Place, revision: number): string {
  const where = [
    `--namespace ${namespace}`,
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
  ];
  return `kubectl label secret sh.helm.release.v1.${release}.v${revision} ${where.join(" ")} sluice.dev/service-`;
}
