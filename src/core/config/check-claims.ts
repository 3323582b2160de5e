import type { AdapterSchema, EnvironmentId, JsonObject, ServiceId } from "./config.ts";
import { listNames, quote, shorten } from "./names.ts";
import type { Report } from "./report.ts";
import type { RawFile, RawService } from "./schema.ts";
import { interpolate } from "./variables.ts";

type Claimed = { readonly claim: string; readonly first: ServiceId; readonly second: ServiceId; readonly environments: EnvironmentId[] };

/** What lies outside belongs to one service of an environment: two that both deploy it would undo each other's work for ever. */
export function checkClaims(raw: RawFile, adapters: readonly AdapterSchema[], report: Report): void {
  const claiming = new Map(adapters.flatMap((a) => (a.kind === "driver" && a.claims ? [[a.name, a]] : [])));
  if (claiming.size === 0) return;
  const found = new Map<string, Claimed>();
  for (const [environment, { value: policy }] of raw.environments ?? []) {
    const own = [...(policy?.variables ?? [])].map(([name, { value }]) => [`variables.${name}`, value?.value ?? ""] as const);
    const owners = new Map<string, ServiceId>();
    for (const [service, { value }] of raw.services ?? []) {
      if (value === undefined || !isIn(value, environment)) continue;
      for (const claim of claimsOf(service, value, claiming, {
        environment,
        project: raw.project?.value ?? "",
        ...Object.fromEntries(own),
      })) {
        const first = owners.get(claim) ?? service;
        owners.set(claim, first);
        if (first !== service) note(found, { claim, first, second: service, environments: [environment] });
      }
    }
  }
  for (const claimed of found.values()) tell(raw, claimed, report);
}

const isIn = (service: RawService, environment: EnvironmentId): boolean =>
  service.environments?.some((name) => name.value === environment) ?? true;

function claimsOf(
  id: ServiceId,
  service: RawService,
  claiming: ReadonlyMap<string, AdapterSchema>,
  variables: Readonly<Record<string, string>>,
): readonly string[] {
  const adapter = service.deploy?.adapter;
  if (!adapter?.sound) return [];
  return [...new Set(claiming.get(adapter.name)?.claims?.(interpolate(adapter.config, { ...variables, service: id }) as JsonObject, id))];
}

function note(found: Map<string, Claimed>, claimed: Claimed): void {
  const key = JSON.stringify([claimed.claim, claimed.first, claimed.second]);
  const known = found.get(key);
  if (known) known.environments.push(...claimed.environments);
  else found.set(key, claimed);
}

function tell(raw: RawFile, { claim, first, second, environments }: Claimed, report: Report): void {
  const entry = raw.services?.get(second)?.value?.deploy?.adapter?.entry;
  if (!entry) return;
  const message = `${quote(second)} deploys the ${shorten(claim)}, and so does ${quote(first)}, in ${listNames(environments)}`;
  report.error("claimed-twice", entry.key, message, "one of them needs a name of its own there, or both are one service");
}
