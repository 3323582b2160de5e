import { type KubeEvent, timeOf, type Trouble } from "./types.ts";

const BROUGHT_MS = 30_000;

/** Why a controller cannot make its pods or a claim its volume, by the last event that says so. Pure. @param now the cluster's time, in ms */
export function creationTrouble(events: readonly KubeEvent[], now: number): Trouble | null {
  const told = events.filter(({ reason }) => /^(FailedCreate|ReplicaSetCreateError|ProvisioningFailed|FailedBinding)$/.test(reason ?? ""));
  const last = told.toSorted((a, b) => timeOf(b) - timeOf(a))[0];
  if (last?.message === undefined) return null;
  const first = Math.min(...told.map((event) => Date.parse(event.firstTimestamp ?? event.eventTime ?? "") || timeOf(event)));
  return { ...judge(last.message, now - first), log: null };
}

/** Whether what the API server refused will be refused again. `forMs`: for how long it has been. */
export function judge(message: string, forMs: number): Pick<Trouble, "text" | "certain"> {
  const said = message.replace(/^Error creating: /, "");
  // The quota is used up by others, who may go; but what asks for more than all of it never fits.
  if (/exceeded quota/.test(said)) return { text: `cannot create its pods: ${said}`, certain: neverFits(said) };
  // A webhook that cannot be reached says nothing about what it was asked.
  if (/failed calling webhook|failed to call webhook|timeout|connection refused|etcdserver|try again/i.test(said))
    return { text: `cannot create its pods: ${said}`, certain: false };
  // Others may still bring these.
  if (/serviceaccount "[^"]+" not found|no API token found|storageclass[^"]* "[^"]+" not found/i.test(said))
    return { text: `waits for what it needs: ${said}`, certain: forMs > BROUGHT_MS };
  // A policy, a webhook, a limit range or the API's own rules: the same pod is refused each time.
  if (/admission webhook|denied request|denied the request|violates PodSecurity|is forbidden: (maximum|minimum|\[)|is invalid/.test(said))
    return { text: `cannot create its pods: ${said}`, certain: true };
  return { text: said, certain: false };
}

/** `exceeded quota: q, requested: cpu=2, used: cpu=0, limited: cpu=1` */
function neverFits(message: string): boolean {
  const [, requested = "", limited = ""] = /requested: (.+), used: .+, limited: (.+?)$/.exec(message.trim()) ?? [];
  const limits = amounts(limited);
  return [...amounts(requested)].some(([name, amount]) => amount > (limits.get(name) ?? Number.POSITIVE_INFINITY));
}

function amounts(text: string): Map<string, number> {
  const pairs = text.split(",").map((pair) => pair.trim().split("="));
  return new Map(pairs.flatMap(([name = "", value = ""]) => (quantity(value) === null ? [] : [[name, quantity(value) ?? 0] as const])));
}

const SCALE: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Kubernetes' quantities: `1500m`, `2Gi`, `1e3`. null for anything else. */
export function quantity(text: string): number | null {
  const [, digits, suffix = ""] = /^([0-9.]+(?:e[0-9+-]+)?)([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  const scale = SCALE[suffix];
  return digits === undefined || scale === undefined ? null : Number(digits) * scale;
}
