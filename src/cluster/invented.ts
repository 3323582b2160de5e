import type { KubeObject } from "./objects.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * An object that is not there yet as a dry run shows it, without what the API server has made up for this one answer: addresses and ports of a Service, the id of a Job, the token of a Pod.
 * The next answer, and the object itself, have others. What is `written` stays.
 */
export function withoutInvented(shown: KubeObject, written: KubeObject): KubeObject {
  const strip = STRIPS[`${written.apiVersion}/${written.kind}`];
  const spec = fieldsOf(shown["spec"]);
  const stripped = strip === undefined || spec === null ? shown : { ...shown, spec: strip(spec, fieldsOf(written["spec"]) ?? {}) };
  return { ...stripped, ...withoutIds(stripped) };
}

const STRIPS: Readonly<Record<string, (shown: Fields, written: Fields) => Fields>> = {
  "v1/Service": service,
  "batch/v1/Job": job,
  "v1/Pod": pod,
};

const ADDRESSES = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"];

function service(shown: Fields, written: Fields): Fields {
  const ports = listOf(written["ports"]);
  return {
    ...without(shown, (key) => ADDRESSES.includes(key) && !(key in written)),
    ...(Array.isArray(shown["ports"])
      ? { ports: listOf(shown["ports"]).map((port, at) => without(port, (key) => key === "nodePort" && !(key in (ports[at] ?? {})))) }
      : {}),
  };
}

const IDS = ["controller-uid", "batch.kubernetes.io/controller-uid"];

function job(shown: Fields, written: Fields): Fields {
  const spec = without(shown, (key) => key === "selector" && !(key in written));
  const template = fieldsOf(shown["template"]);
  return template === null ? spec : { ...spec, template: { ...template, ...withoutIds(template) } };
}

/** Labels by which a Job finds its pods; a Job without labels of its own takes them over from its pods. */
function withoutIds(of: Fields): { readonly metadata: KubeObject["metadata"] } | object {
  const metadata = fieldsOf(of["metadata"]);
  const labels = fieldsOf(metadata?.["labels"]);
  return labels === null ? {} : { metadata: { ...metadata, labels: without(labels, (key) => IDS.includes(key)) } };
}

function pod(shown: Fields): Fields {
  const kept = (of: unknown): readonly Fields[] => listOf(of).filter(({ name }) => !String(name).startsWith("kube-api-access-"));
  const mounted = (of: unknown) =>
    listOf(of).map((container) =>
      "volumeMounts" in container ? { ...container, volumeMounts: kept(container["volumeMounts"]) } : container,
    );
  return {
    ...shown,
    ...("volumes" in shown ? { volumes: kept(shown["volumes"]) } : {}),
    containers: mounted(shown["containers"]),
    ...("initContainers" in shown ? { initContainers: mounted(shown["initContainers"]) } : {}),
  };
}

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as readonly Fields[]) : []);
const without = (from: Fields, drop: (key: string) => boolean): Fields =>
  Object.fromEntries(Object.entries(from).filter(([key]) => !drop(key)));
