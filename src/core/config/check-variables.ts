import type { Span } from "./lines.ts";
import { listNames, quote, suggest } from "./names.ts";
import type { Report } from "./report.ts";
import type { RawArtifact, RawFile, RawService } from "./schema.ts";
import { textsIn } from "./tree.ts";
import { ARTIFACT_VARIABLES, DEPLOY_VARIABLES, environmentVariable, variablesIn, VERIFY_VARIABLES } from "./variables.ts";

type Text = { readonly text: string; readonly at: Span };
/** Where a text is used: the names it knows, and the environments whose variables it may name. */
type Scope = { readonly known: readonly string[]; readonly environments: readonly string[]; readonly owner: string };

/** Every `${…}` must have a value in every environment in which it is used. */
export function checkVariables(raw: RawFile, report: Report): void {
  if (raw.environments === undefined) return;
  const all = [...raw.environments.keys()];
  const variables = new Map([...raw.environments].map(([id, { value }]) => [id, new Set(value?.variables?.keys())]));
  const check = (text: Text, scope: Scope): void => checkText(text, scope, variables, report);

  const usedIn = new Map<string, Set<string>>();
  for (const [id, { value }] of raw.services ?? []) {
    if (value === undefined) continue;
    const environments = value.environments?.map((name) => name.value).filter((name) => variables.has(name)) ?? all;
    const scope = (known: readonly string[]): Scope => serviceScope(id, value, known, environments);
    if (value.deploy?.adapter) for (const text of textsIn(value.deploy.adapter.entry.value)) check(text, scope(DEPLOY_VARIABLES));
    for (const text of verifyTexts(value)) check(text, scope(VERIFY_VARIABLES));
    const users = usedIn.get(value.artifact?.value ?? "") ?? new Set();
    usedIn.set(value.artifact?.value ?? "", new Set([...users, ...environments]));
  }
  for (const [id, { value }] of raw.artifacts ?? []) checkArtifact(id, value, [...(usedIn.get(id) ?? [])], check, report);
  checkCredentials(raw, report);
}

function serviceScope(id: string, service: RawService, known: readonly string[], environments: readonly string[]): Scope {
  if (service.artifact !== undefined) return { known, environments, owner: quote(id) };
  return { known: known.filter((name) => name !== "digest"), environments, owner: `${quote(id)}, which has no artifact,` };
}

function* verifyTexts(service: RawService): Generator<Text> {
  if (service.verify?.http) yield { text: service.verify.http.value, at: service.verify.http.at };
  for (const { value } of service.verify?.expect?.values() ?? []) if (value !== undefined) yield { text: value.value, at: value.at };
}

function checkArtifact(
  id: string,
  artifact: RawArtifact | undefined,
  environments: readonly string[],
  check: (text: Text, scope: Scope) => void,
  report: Report,
): void {
  if (!artifact?.adapter) return;
  for (const text of textsIn(artifact.adapter.entry.value)) {
    if (artifact.own.perEnvironment === true) {
      check(text, { known: [...ARTIFACT_VARIABLES, "environment"], environments, owner: `the artifact ${quote(id)}` });
      continue;
    }
    for (const name of variablesIn(text.text)) {
      if (ARTIFACT_VARIABLES.includes(name)) continue;
      const at = report.find("${" + name + "}", text.at);
      report.error(
        "unknown-variable",
        at,
        `the artifact ${quote(id)} is built once for all environments and knows no ${quote("${" + name + "}")}`,
        `say \`perEnvironment: true\`, or write ${quote("$${" + name + "}")} for the text itself`,
      );
    }
  }
}

function checkText(text: Text, scope: Scope, variables: ReadonlyMap<string, ReadonlySet<string>>, report: Report): void {
  for (const name of variablesIn(text.text)) {
    const written = "${" + name + "}";
    const own = environmentVariable(name);
    if (own === null) {
      if (scope.known.includes(name)) continue;
      const hint = (): string =>
        `${suggest(name, [...scope.known, "variables.NAME"], "names")} — for the text itself write ${quote("$" + written)}`;
      report.error("unknown-variable", report.find(written, text.at), `${scope.owner} knows no ${quote(written)}`, hint);
      continue;
    }
    const lacking = scope.environments.filter((environment) => variables.get(environment)?.has(own) !== true);
    if (lacking.length === 0) continue;
    const hint = (): string => {
      const elsewhere = [...new Set([...variables.values()].flatMap((names) => [...names]))].map((known) => `variables.${known}`);
      return lacking.length === scope.environments.length
        ? suggest(name, elsewhere, "variables")
        : `add ${quote(own)} to their \`variables\``;
    };
    report.error("unknown-variable", report.find(written, text.at), `${quote(written)} has no value in ${listNames(lacking)}`, hint);
  }
}

/** One name cannot be both: the masked value would be shown, or the plain one hidden. */
function checkCredentials(raw: RawFile, report: Report): void {
  for (const { value } of raw.environments?.values() ?? []) {
    for (const credential of value?.credentials ?? []) {
      if (value?.variables?.has(credential.value) === true) {
        report.error(
          "duplicate-name",
          credential.at,
          `${quote(credential.value)} is also one of this environment's \`variables\``,
          "remove one of them",
        );
      }
    }
  }
}
