import type { Config, Environment, EnvironmentId, Json, JsonObject, Policy, Service, ServiceId } from "./config.ts";
import { listNames, quote, suggest } from "./names.ts";
import { environmentVariable, interpolate, variablesIn } from "./variables.ts";

/** Why a release cannot be deployed under a policy. It has no line: the two come from different commits. */
export type Refusal = { readonly code: string; readonly message: string; readonly hint: string };

/** What the services of a release ask for that the policy ref does not have or allow. Both were checked by themselves; `file` is named in hints. */
export function checkRelease(release: Config, policy: Policy, file: string): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const known = Object.keys(policy.environments);
  const used = new Map<string, Set<EnvironmentId>>();
  for (const [id, service] of Object.entries(release.services)) {
    for (const name of service.environments ?? known) {
      const environment = Object.hasOwn(policy.environments, name) ? policy.environments[name] : undefined;
      if (environment === undefined) {
        const hint = `${suggest(name, known, "environments")}; an environment must be merged into ${file} of the policy ref before it is deployed to`;
        refusals.push({ code: "unknown-environment", message: `${quote(id)} is in ${quote(name)}, which policy does not have`, hint });
        continue;
      }
      refusals.push(...lackingVariables(`${id}@${name}`, [service.deploy.config, verifyTexts(service)], environment, name, file));
      refusals.push(...notAllowed(release, id, service, name, environment));
      if (service.artifact !== null) used.set(service.artifact, (used.get(service.artifact) ?? new Set()).add(name));
    }
  }
  for (const [id, artifact] of Object.entries(release.artifacts)) {
    if (!artifact.perEnvironment) continue;
    for (const name of used.get(id) ?? []) {
      const environment = policy.environments[name];
      if (environment !== undefined) refusals.push(...lackingVariables(`${id}@${name}`, [artifact.config], environment, name, file));
    }
  }
  return refusals;
}

function verifyTexts(service: Service): Json {
  return service.verify === null ? null : [service.verify.http, ...Object.values(service.verify.expect)];
}

function lackingVariables(
  what: string,
  values: readonly Json[],
  environment: Environment,
  name: EnvironmentId,
  file: string,
): readonly Refusal[] {
  const lacking = variablesIn(values).flatMap((variable) => {
    const own = environmentVariable(variable);
    return own === null || Object.hasOwn(environment.variables, own) ? [] : [own];
  });
  return lacking.map((variable) => ({
    code: "unknown-variable",
    message: `${quote(what)} uses ${quote("${variables." + variable + "}")}, which policy does not set in ${quote(name)}`,
    hint: `merge it into environments.${name}.variables in ${file} of the policy ref first`,
  }));
}

function notAllowed(release: Config, id: ServiceId, service: Service, name: EnvironmentId, environment: Environment): readonly Refusal[] {
  const variables = targetVariables(release.project, id, name, environment);
  return beyondAllow(
    { service: id, environment: name, driver: service.deploy.driver, config: interpolate(service.deploy.config, variables) },
    environment,
  );
}

type Asking = { readonly service: ServiceId; readonly environment: EnvironmentId; readonly driver: string; readonly config: Json };

/** What an environment's `allow` refuses of a driver and its config. Where that names no context or namespace, whatever it would take by itself is refused too. */
export function beyondAllow(
  { service: id, environment: name, driver, config }: Asking,
  environment: Pick<Environment, "allow">,
): readonly Refusal[] {
  const asked: readonly (readonly [word: string, value: Json, allowed: readonly string[] | null])[] = [
    ["driver", driver, environment.allow.drivers],
    ["context", member(config, "context"), environment.allow.contexts],
    ["namespace", member(config, "namespace"), environment.allow.namespaces],
  ];
  return asked.flatMap(([word, value, allowed]) => {
    if (allowed === null || (typeof value === "string" && allowed.includes(value))) return [];
    const what = typeof value === "string" ? `the ${word} ${quote(value)}` : `a ${word} that it does not name`;
    const hint = allowed.length === 0 ? `policy allows none in ${quote(name)}` : `policy allows ${listNames(allowed)} in ${quote(name)}`;
    return [{ code: "not-allowed", message: `${quote(`${id}@${name}`)} would use ${what}`, hint }];
  });
}

/** The variables that are known before a commit is chosen. */
function targetVariables(
  project: string,
  service: ServiceId,
  name: EnvironmentId,
  environment: Environment,
): Readonly<Record<string, string>> {
  const own = Object.entries(environment.variables).map(([key, value]) => [`variables.${key}`, value] as const);
  return { environment: name, service, project, ...Object.fromEntries(own) };
}

function member(config: Json, key: string): Json {
  return isObject(config) && Object.hasOwn(config, key) ? (config[key] ?? null) : null;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `what`: such as `environments.mainnet.approval`. */
export type PolicyEdit = { readonly act: "adds" | "removes" | "edits"; readonly what: string };

/** What a commit edits in its own policy, in sentences for a person: none of it counts before it is in the policy ref. */
export const policyDifferences = (edited: Policy, policy: Policy, ref: string): readonly string[] =>
  policyEdits(edited, policy).map(({ act, what }) => `this commit ${act} ${what}; policy is read from ${ref}, so it changes nothing here`);

export function policyEdits(edited: Policy, policy: Policy): readonly PolicyEdit[] {
  const edits: PolicyEdit[] = [];
  for (const name of keysOf(edited.teams, policy.teams)) {
    const act = actOn(edited.teams[name], policy.teams[name]);
    if (act !== null) edits.push({ act, what: `teams.${name}` });
  }
  for (const name of keysOf(edited.environments, policy.environments)) {
    const mine = edited.environments[name];
    const theirs = policy.environments[name];
    const act = actOn(mine, theirs);
    if (act === null) continue;
    if (mine === undefined || theirs === undefined) {
      edits.push({ act, what: `environments.${name}` });
      continue;
    }
    const keys = Object.entries(mine).filter(([key, value]) => !same(value, Object.entries(theirs).find(([other]) => other === key)?.[1]));
    for (const [key] of keys) edits.push({ act: "edits", what: `environments.${name}.${key === "needsTimeoutMs" ? "needsTimeout" : key}` });
  }
  return edits;
}

function actOn(mine: Json | undefined, theirs: Json | undefined): "adds" | "removes" | "edits" | null {
  if (mine === undefined) return "removes";
  if (theirs === undefined) return "adds";
  return same(mine, theirs) ? null : "edits";
}

/** The order of keys says nothing in a config. */
function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

function keysOf(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
