import { checkClaims } from "./check-claims.ts";
import { checkPeople } from "./check-people.ts";
import { checkVariables } from "./check-variables.ts";
import type { AdapterSchema, Zones } from "./config.ts";
import { checkFreezes } from "./freeze.ts";
import { checkGithub } from "./github.ts";
import { cyclesIn } from "./graph.ts";
import type { Span } from "./lines.ts";
import { quote, suggest } from "./names.ts";
import { checkPath } from "./path.ts";
import type { Report } from "./report.ts";
import type { RawArtifact, RawFile, RawService } from "./schema.ts";
import type { At } from "./shape.ts";
import type { Mapping } from "./tree.ts";

/** The rules that join parts of the file: names that must exist, loops, what is used nowhere. What could not be read is passed over; its problem is known. */
export function check(raw: RawFile, root: Mapping, adapters: readonly AdapterSchema[], zones: Zones, report: Report): void {
  // Where a whole section could not be read, every name in it would seem unknown.
  const unread = (section: keyof RawFile): boolean => root.entries.has(section) && raw[section] === undefined;
  const keyOf = (section: keyof RawFile): Span => root.entries.get(section)?.key ?? root.at;
  if (raw.environments?.size === 0)
    report.error("no-environment", keyOf("environments"), "the file has no environment", "name at least one under `environments`");
  if (raw.services?.size === 0)
    report.warning("no-service", keyOf("services"), "the file has no service", "name what is deployed under `services`");

  const names = new Set(raw.environments?.keys());
  const drivers = new Set(adapters.filter((adapter) => adapter.kind === "driver").map((adapter) => adapter.name));
  for (const { value } of raw.environments?.values() ?? []) {
    checkNames(value?.needs, names, "environment", report);
    checkNames(value?.allow?.drivers, drivers, "driver", report);
  }
  checkEnvironmentCycles(raw, report);
  checkServices(raw, unread("artifacts"), report);
  checkUnused(raw, report);
  checkPeople(raw, unread("teams"), report);
  checkFreezes(raw, zones, report);
  checkVariables(raw, report);
  checkClaims(raw, adapters, report);
  checkGithub(raw, report);
}

const START: Span = { start: 0, end: 0 };

/** Reports each name that is not among `known`. */
function checkNames(names: readonly At<string>[] | undefined, known: ReadonlySet<string>, what: string, report: Report): void {
  for (const name of names ?? []) {
    if (known.has(name.value)) continue;
    report.error(`unknown-${what}`, name.at, `there is no ${what} ${quote(name.value)}`, () => suggest(name.value, [...known], `${what}s`));
  }
}

function checkEnvironmentCycles(raw: RawFile, report: Report): void {
  const needs = new Map([...(raw.environments ?? [])].map(([id, { value }]) => [id, (value?.needs ?? []).map((need) => need.value)]));
  for (const cycle of cyclesIn(needs)) {
    const [first = "", second = first] = cycle;
    const place = raw.environments?.get(first)?.value?.needs?.find((need) => need.value === second)?.at ?? START;
    report.error("cycle", place, `environments need each other in a circle: ${trail(cycle)}`, "remove one of these needs");
  }
}

function checkServices(raw: RawFile, artifactsUnread: boolean, report: Report): void {
  const services = new Set(raw.services?.keys());
  const environments = new Set(raw.environments?.keys());
  const artifacts = new Set(raw.artifacts?.keys());
  for (const { value } of raw.services?.values() ?? []) {
    if (value === undefined) continue;
    checkNames(value.needs, services, "service", report);
    if (raw.environments !== undefined) checkNames(value.environments, environments, "environment", report);
    if (value.artifact !== undefined && !artifactsUnread) checkNames([value.artifact], artifacts, "artifact", report);
    if (value.verify?.expect !== undefined && value.verify.expect.size > 0 && value.verify.http === undefined) {
      for (const { key } of value.verify.expect.values())
        report.error("expect-without-http", key, "`expect` says what an answer must hold, but no `http` asks for one", "add `http`");
    }
  }
  for (const { value } of raw.artifacts?.values() ?? []) checkBuilderPath(value?.adapter ?? null, report);
  checkServiceCycles(raw, report);
}

function checkBuilderPath(adapter: NonNullable<RawArtifact["adapter"]> | null, report: Report): void {
  const node = adapter?.entry.value.kind === "mapping" ? adapter.entry.value.entries.get("path")?.value : undefined;
  if (node?.kind !== "scalar" || typeof node.value !== "string") return;
  const checked = checkPath(node.value);
  if (!checked.ok)
    report.error("unsafe-path", node.at, `${quote(node.value)} ${checked.reason}`, "a directory or file, from the folder of this file");
}

/** Stands between frontends and backends, so that their number is not multiplied; no service can be called so. */
const EVERY_BACKEND = "*";

function checkServiceCycles(raw: RawFile, report: Report): void {
  const services = raw.services ?? new Map<string, { key: Span; value: RawService | undefined }>();
  const needs = new Map<string, readonly string[]>();
  for (const [id, { value }] of services)
    needs.set(id, value?.needs?.map((need) => need.value) ?? (value?.tier?.value === "frontend" ? [EVERY_BACKEND] : []));
  needs.set(
    EVERY_BACKEND,
    [...services].filter(([, { value }]) => value?.tier?.value === "backend").map(([id]) => id),
  );
  for (const found of cyclesIn(needs)) {
    const cycle = found.filter((id) => id !== EVERY_BACKEND);
    const [first = "", second = first] = cycle;
    const said = services.get(first)?.value?.needs?.find((need) => need.value === second)?.at;
    const implied = cycle.find((id) => services.get(id)?.value?.needs === undefined);
    const hint =
      implied === undefined ? "remove one of these needs" : `a frontend needs every backend; give ${quote(implied)} its own \`needs\``;
    report.error("cycle", said ?? services.get(first)?.key ?? START, `services need each other in a circle: ${trail(cycle)}`, hint);
  }
}

function trail(cycle: readonly string[]): string {
  const shown = cycle.length > 12 ? [...cycle.slice(0, 11), `… ${cycle.length - 11} more …`] : cycle;
  return [...shown, cycle[0] ?? ""].join(" → ");
}

function checkUnused(raw: RawFile, report: Report): void {
  const services = [...(raw.services?.values() ?? [])].flatMap(({ value }) => (value === undefined ? [] : [value]));
  // An unreadable service may use anything.
  if (services.length === 0 || services.length < (raw.services?.size ?? 0)) return;
  if (services.every((service) => service.environments !== undefined)) {
    const used = new Set(services.flatMap((service) => service.environments ?? []).map((name) => name.value));
    for (const [id, { key }] of raw.environments ?? []) {
      if (!used.has(id))
        report.warning(
          "unused-environment",
          key,
          `no service is in the environment ${quote(id)}`,
          "add it to a service's `environments`, or remove it",
        );
    }
  }
  const used = new Set(services.map((service) => service.artifact?.value));
  for (const [id, { key }] of raw.artifacts ?? []) {
    if (!used.has(id))
      report.warning(
        "unused-artifact",
        key,
        `no service uses the artifact ${quote(id)}`,
        "name it as a service's `artifact`, or remove it",
      );
  }
}
