import { check } from "./check.ts";
import type { AdapterSchema, Approval, Artifact, Config, Environment, Policy, Service, Verify, Zones } from "./config.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { buildFreeze } from "./freeze.ts";
import { buildGithub } from "./github.ts";
import { inOrder } from "./graph.ts";
import { checkPath } from "./path.ts";
import { Report } from "./report.ts";
import { DEFAULTS, fileShape, type RawApproval, type RawArtifact, type RawEnvironment, type RawFile, type RawService } from "./schema.ts";
import { said, type At, type Named } from "./shape.ts";
import { readYaml } from "./syntax.ts";

export type Parsed = { readonly config: Config | null; readonly diagnostics: readonly Diagnostic[] };

/** Reads a `sluice.yaml`. Says everything that is wrong with it, not the first thing; `config` is null where anything is an error. `file` is only shown; `zones` are those of the host. Never throws, whatever the text. */
export function parseConfig(text: string, file: string, adapters: readonly AdapterSchema[], zones: Zones): Parsed {
  const report = new Report(file, text);
  const root = readYaml(text, report);
  if (root === null) return { config: null, diagnostics: report.list() };
  const [first] = root.entries.values();
  const raw = fileShape(adapters).read(root, { path: "", key: first?.key ?? root.at }, report);
  if (raw !== undefined) check(raw, root, adapters, zones, report);
  return { config: raw === undefined || report.failed ? null : build(raw, adapters), diagnostics: report.list() };
}

/** From what the file says to what it means: defaults filled in, places left behind. Only for a file without errors. */
function build(raw: RawFile, adapters: readonly AdapterSchema[]): Config {
  const policy = buildPolicy(raw);
  return {
    project: said(raw.project).value,
    artifacts: mapNamed(raw.artifacts, (artifact) => buildArtifact(artifact, adapters)),
    services: mapNamed(raw.services, (service) => buildService(service, policy)),
    policy,
    ...(raw.github === undefined ? {} : { github: buildGithub(raw.github) }),
  };
}

function buildPolicy(raw: RawFile): Policy {
  const declared = raw.environments ?? new Map<string, { value: RawEnvironment | undefined }>();
  const order = inOrder(new Map([...declared].map(([id, { value }]) => [id, values(value?.needs)])));
  return {
    teams: mapNamed(raw.teams, values),
    environments: Object.fromEntries(order.map((id) => [id, buildEnvironment(said(declared.get(id)?.value))])),
  };
}

function buildEnvironment(raw: RawEnvironment): Environment {
  return {
    needs: values(raw.needs),
    from: values(raw.from),
    deployers: values(raw.deployers),
    approval: raw.approval === undefined ? null : buildApproval(raw.approval),
    rollback: raw.rollback === undefined ? null : buildApproval(raw.rollback),
    promotion: raw.promotion?.value ?? "wave",
    superseding: raw.superseding?.value ?? "supersede",
    order: raw.order?.value ?? "forward",
    onFailure: raw.onFailure?.value ?? "stop",
    needsTimeoutMs: raw.needsTimeout?.value ?? DEFAULTS.needsTimeoutMs,
    freeze: raw.freeze?.map(buildFreeze) ?? [],
    emergency: values(raw.emergency),
    allow: {
      contexts: listOrNull(raw.allow?.contexts),
      namespaces: listOrNull(raw.allow?.namespaces),
      drivers: listOrNull(raw.allow?.drivers),
      // what is in no namespace is everybody's: whoever keeps a target to its namespaces does not mean it to change that
      clusterScoped: raw.allow?.clusterScoped ?? raw.allow?.namespaces === undefined,
    },
    ...(raw.cluster === undefined ? {} : { cluster: raw.cluster.value }),
    variables: mapNamed(raw.variables, (variable) => variable.value),
    credentials: values(raw.credentials),
  };
}

function buildApproval(raw: RawApproval): Approval {
  return {
    approvers: values(raw.approvers),
    count: raw.count?.value ?? 1,
    self: raw.self ?? false,
    early: raw.early ?? false,
    expiresMs: raw.expires?.value ?? null,
  };
}

function buildArtifact(raw: RawArtifact, adapters: readonly AdapterSchema[]): Artifact {
  const { name, config } = said(raw.adapter);
  const builder = adapters.find((adapter) => adapter.kind === "builder" && adapter.name === name);
  const image = builder?.image?.(config);
  const awaits = builder?.awaits?.(config) ?? null;
  return {
    builder: name,
    config,
    perEnvironment: raw.own.perEnvironment ?? false,
    timeoutMs: raw.own.timeout?.value ?? DEFAULTS.buildTimeoutMs,
    ...(image === undefined ? {} : { image }),
    ...(awaits === null ? {} : { awaits }),
  };
}

function buildService(raw: RawService, policy: Policy): Service {
  const deploy = said(raw.deploy);
  const { name, config } = said(deploy.adapter);
  const environments = raw.environments === undefined ? null : new Set(values(raw.environments));
  return {
    tier: said(raw.tier).value,
    paths: buildPaths(values(raw.paths)),
    artifact: raw.artifact?.value ?? null,
    environments: environments === null ? null : Object.keys(policy.environments).filter((id) => environments.has(id)),
    needs: raw.needs === undefined ? null : values(raw.needs),
    deploy: { driver: name, config, timeoutMs: deploy.own.timeout?.value ?? DEFAULTS.deployTimeoutMs },
    verify: raw.verify === undefined ? null : buildVerify(raw.verify),
    job: raw.job ?? false,
    manual: raw.manual ?? false,
    irreversible: buildPaths(values(raw.migration?.irreversible)),
  };
}

/** In plain form; `.` among them is the folder of the file, and so all others. */
function buildPaths(paths: readonly string[]): readonly string[] {
  const plain = paths.map((path) => {
    const checked = checkPath(path);
    return checked.ok ? checked.path : path;
  });
  return plain.includes(".") ? ["."] : [...new Set(plain)];
}

function buildVerify(raw: NonNullable<RawService["verify"]>): Verify {
  return {
    http: raw.http?.value ?? null,
    expect: mapNamed(raw.expect, (text) => text.value),
    timeoutMs: raw.timeout?.value ?? DEFAULTS.verifyTimeoutMs,
    soakMs: raw.soak?.value ?? 0,
  };
}

function values(list: readonly At<string>[] | undefined): readonly string[] {
  return list?.map((item) => item.value) ?? [];
}

function listOrNull(list: readonly At<string>[] | undefined): readonly string[] | null {
  return list === undefined ? null : values(list);
}

function mapNamed<T, U>(named: Named<T> | undefined, build: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries([...(named ?? [])].map(([id, { value }]) => [id, build(said(value))]));
}
