import { adapterChoice } from "./adapter.ts";
import type { AdapterSchema } from "./config.ts";
import { freeze } from "./freeze.ts";
import { github } from "./github.ts";
import { badNumber, ID_PATTERN, isId, quote, VARIABLE_PATTERN } from "./names.ts";
import { checkPath } from "./path.ts";
import { isPerson, PERSON_PATTERN, PRINCIPAL_PATTERN } from "./principals.ts";
import {
  choice,
  duration,
  flag,
  items,
  list,
  object,
  optional,
  record,
  required,
  text,
  whole,
  wrongType,
  type Read,
  type Shape,
} from "./shape.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** What the file need not say, in milliseconds; the published schema shows the same as text. */
export const DEFAULTS = { needsTimeoutMs: HOUR, buildTimeoutMs: HOUR, deployTimeoutMs: 600 * SECOND, verifyTimeoutMs: 30 * SECOND };

const version: Shape<1> = {
  json: { const: 1 },
  read(node, where, report) {
    if (node.kind !== "scalar" || typeof node.value !== "number")
      return wrongType(node, where, "the number 1", report, "write `version: 1`");
    if (node.value === 1) return 1;
    report.error(
      "unsupported-version",
      node.at,
      `version ${node.source} of the language is not known`,
      "this version reads `version: 1`; a newer file needs a newer release",
    );
    return undefined;
  },
};

const id = text({ pattern: ID_PATTERN, maxLength: 63, check: (name) => (isId(name) ? null : badId(name)) });
/** The name of something else in the file; whether it exists is checked later. */
const name = text({ pattern: ID_PATTERN });
const ids = (most: number) => ({ pattern: ID_PATTERN, most, check: (key: string) => (isId(key) ? null : badId(key)) });

function badId(key: string): { code: string; message: string; hint: string } {
  return {
    code: "bad-name",
    message: `${quote(key)} cannot be a name here`,
    hint: "lower case letters, digits and `-` inside, at most 63; not `constructor`",
  };
}

const variableName = new RegExp(VARIABLE_PATTERN);
function badVariable(key: string): { code: string; message: string; hint: string } | null {
  if (variableName.test(key) && key !== "__proto__") return null;
  return {
    code: "bad-name",
    message: `${quote(key)} cannot be the name of an environment variable`,
    hint: "letters, digits and `_`, not beginning with a digit",
  };
}

const person = text({
  pattern: PERSON_PATTERN,
  check: (value) =>
    isPerson(value)
      ? null
      : { code: "bad-name", message: `${quote(value)} is no person`, hint: "a login without blanks or `:`; a team cannot hold teams" },
});
const principal = text({
  pattern: PRINCIPAL_PATTERN,
  check: (value) =>
    isPerson(value.replace(/^team:/, ""))
      ? null
      : { code: "bad-name", message: `${quote(value)} is neither a person nor a team`, hint: "write a login, or `team:NAME`" },
});

const path = text({ check: pathProblem });

function pathProblem(value: string): { code: string; message: string; hint: string } | null {
  const checked = checkPath(value);
  if (!checked.ok)
    return {
      code: "unsafe-path",
      message: `${quote(value)} ${checked.reason}`,
      hint: "a directory or file, from the folder of this file",
    };
  if (!value.includes("*")) return null;
  return {
    code: "glob-path",
    message: `${quote(value)} is a pattern`,
    hint: "name the directory itself: it stands for all that is in it",
  };
}

/** With the whole source among them no rollback could ever be made. */
const irreversible = text({
  check(value) {
    const checked = checkPath(value);
    // a pattern is a path too: what it matches lies inside the folder
    if (!checked.ok) return pathProblem(value);
    if (!/^[.*/]*$/.test(checked.path)) return null;
    return { code: "whole-source", message: `${quote(value)} is the whole source`, hint: "name the directory of the migrations" };
  },
});

const ref = text({
  check(value) {
    if (/^[^-\s:^~\\?\p{Cc}][^\s:^~\\?\p{Cc}]*$/u.test(value) && !value.includes("..")) return null;
    return { code: "bad-ref", message: `${quote(value)} is no name of a branch or tag`, hint: "such as `main` or `hotfix/*`" };
  },
});

const url = text({
  check(value) {
    if (!/^(https?:\/\/[^\s/]|\$\{)\S*$/.test(value))
      return { code: "bad-url", message: `${quote(value)} is no HTTP address`, hint: "begin with `http://` or `https://`" };
    if (!/^[^/]*\/\/[^/?#]*@/.test(value)) return null;
    return { code: "secret-in-url", message: "an address cannot hold a user or password", hint: "check an address that needs none" };
  },
});

const CLUSTER = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
const clusterId = text({
  pattern: CLUSTER,
  check(value) {
    if (new RegExp(CLUSTER).test(value)) return null;
    return {
      code: "bad-cluster",
      message: `${quote(value)} is no UID`,
      hint: "take it from `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`",
    };
  },
});

const approval = object({
  approvers: optional("Who may approve: persons and `team:NAME`. Empty: anyone in `deployers`.", list(principal), []),
  count: optional("How many different persons must approve.", whole(1, 100), 1),
  self: optional("Whether who started the run may approve it.", flag(), false),
  early: optional("Whether it may be decided before every member has arrived.", flag(), false),
  expires: optional("How long a decision holds, such as `24h`. Left out: without end.", duration(60 * SECOND, 365 * DAY)),
});

function environment(adapters: readonly AdapterSchema[]) {
  const driver = text();
  const drivers = adapters.filter((adapter) => adapter.kind === "driver").map((adapter) => adapter.name);
  return object({
    needs: optional("Environments in which a release must have been good before.", list(name), []),
    from: optional(
      "Branches and tags from one of which a release must be reachable; `*` stands for any part. Empty: any commit.",
      list(ref),
      [],
    ),
    deployers: optional("Who may deploy here: persons and `team:NAME`. Empty: anyone who reaches the store.", list(principal), []),
    approval: optional("A gate that a person must open before anything is deployed here.", approval),
    rollback: optional("The approval that a rollback needs. Left out: none for those who may deploy here.", approval),
    promotion: optional(
      "`wave`: starts when every member has ended in the environments needed. `stream`: each service goes on by itself.",
      choice("wave", "stream"),
      "wave",
    ),
    superseding: optional(
      "`supersede`: a newer release takes the place of an older one that has not begun. `queue`: all go through.",
      choice("supersede", "queue"),
      "supersede",
    ),
    order: optional("`forward`: only newer commits. `any`: whatever is asked for, for development.", choice("forward", "any"), "forward"),
    onFailure: optional(
      "What follows a failure. `rollback`: the target that failed, and what needs it, goes back to what was good last.",
      choice("stop", "rollback"),
      "stop",
    ),
    needsTimeout: optional("How long a step waits for what it needs when nothing under way can bring it.", duration(1, 20 * DAY), "1h"),
    freeze: optional("Windows of time in which no deploy starts; rollbacks and checks go on.", items(freeze, 100), []),
    emergency: optional("Who may pass a gate in an emergency: persons and `team:NAME`. Empty: nobody.", list(principal), []),
    allow: optional(
      "What a deploy here may use; anything else is refused. Left out: anything.",
      object({
        contexts: optional("Contexts of clusters.", list(text())),
        namespaces: optional("Namespaces: of the target itself, and of every object that it deploys.", list(text())),
        clusterScoped: optional(
          "Whether objects that are in no namespace may be deployed, such as a ClusterRole or a CustomResourceDefinition. If not said: not where `namespaces` is said. A Namespace is one of `namespaces` in any case.",
          flag(),
        ),
        drivers: optional("Drivers.", list({ ...driver, json: drivers.length === 0 ? driver.json : { enum: drivers } })),
      }),
    ),
    cluster: optional(
      "The only cluster that targets here may be in: the UID of its namespace `kube-system`. Elsewhere, and where it cannot be told, nothing is deployed.",
      clusterId,
    ),
    variables: optional(
      "Plain values that attempts here get as environment variables, usable as `${variables.NAME}`.",
      record({ pattern: VARIABLE_PATTERN, most: 500, check: badVariable }, text({ lenient: true })),
      {},
    ),
    credentials: optional(
      "Names of the server's own environment variables that attempts here may see; their values are masked in logs and messages, unless they say where a file is (`KUBECONFIG`).",
      list(text({ pattern: VARIABLE_PATTERN, check: badVariable })),
      [],
    ),
  });
}

const verify = object({
  http: optional("An address to GET, such as `${url}/version`; must answer 2xx.", url),
  expect: optional(
    'Top-level keys of the JSON answer and what they must be, such as `commit: "${commit}"`.',
    record({ pattern: ".", most: 100, check: () => null }, text({ lenient: true })),
    {},
  ),
  soak: optional("How long the checks are watched before the release counts as good.", duration(0, 7 * DAY), "0s"),
  timeout: optional("How long a deployed release may take to pass.", duration(1, DAY), "30s"),
});

function service(adapters: readonly AdapterSchema[]) {
  return object({
    tier: required("`backend` or `frontend`. A frontend needs every backend unless it says `needs`.", choice("backend", "frontend")),
    paths: optional(
      "Directories and files that a change to this service touches, from the folder of this file, which is `.`. Empty: the whole source, also outside of that folder.",
      list(path),
      [],
    ),
    artifact: optional("The artifact that is deployed. Left out: nothing is built.", name),
    environments: optional("Where the service is. Left out: everywhere.", list(name, { least: 1 })),
    needs: optional("Services that must serve what this one's release needs before it starts.", list(name)),
    deploy: required(
      "How the service gets to an environment: one driver and its config.",
      adapterChoice("driver", adapters, { timeout: optional("How long one attempt may take.", duration(1, DAY), "10m") }),
    ),
    verify: optional("Checks of what was deployed, beside the driver's own.", verify),
    job: optional("Runs to its end, such as a migration, and is never live.", flag(), false),
    manual: optional("Kept out of deploy all.", flag(), false),
    migration: optional(
      "What a rollback cannot take back.",
      object({
        irreversible: required(
          "Directories, files and patterns (`db/**/*.irreversible.sql`), such as migrations of a database: no rollback crosses a commit that touches them.",
          list(irreversible, { least: 1 }),
        ),
      }),
    ),
  });
}

function environments(adapters: readonly AdapterSchema[]) {
  const shape = record({ ...ids(200), check: (key) => (isId(key) ? badNumber(key) : badId(key)) }, environment(adapters));
  return { ...shape, json: { ...shape.json, minProperties: 1 } };
}

function artifact(adapters: readonly AdapterSchema[]) {
  return adapterChoice("builder", adapters, {
    perEnvironment: optional(
      "Built once for each environment, which its config then knows as `${environment}` and `${variables.NAME}`.",
      flag(),
      false,
    ),
    timeout: optional("How long one attempt may take.", duration(1, DAY), "60m"),
  });
}

/** The shape of a `sluice.yaml`; names, loops and variables are checked afterwards, in `check.ts`. */
export function fileShape(adapters: readonly AdapterSchema[]) {
  return object({
    version: required("The version of this file's language: 1.", version),
    project: required("The project's name.", id),
    teams: optional("Teams and who is in them. Policy: a deploy reads it from the policy ref.", record(ids(500), list(person)), {}),
    environments: required(
      "Environments in the order of promotion. Policy: a deploy reads it from the policy ref.",
      environments(adapters),
    ),
    artifacts: optional("What is built, once for each commit.", record(ids(2_000), artifact(adapters)), {}),
    services: required("What is deployed.", record(ids(10_000), service(adapters))),
    github: optional("GitHub's workflows, which `sluice github generate` writes from this file. Left out: none.", github),
  });
}

export type RawFile = Read<ReturnType<typeof fileShape>>;
type Value<T> = T extends ReadonlyMap<string, { readonly value: (infer V) | undefined }> ? NonNullable<V> : never;
export type RawEnvironment = Value<NonNullable<RawFile["environments"]>>;
export type RawApproval = NonNullable<RawEnvironment["approval"]>;
export type RawService = Value<NonNullable<RawFile["services"]>>;
export type RawArtifact = Value<NonNullable<RawFile["artifacts"]>>;
