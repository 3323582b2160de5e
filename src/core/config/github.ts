import type { EnvironmentId, Github } from "./config.ts";
import { buildSetup, checkSetup, line, setup } from "./github-setup.ts";
import type { Span } from "./lines.ts";
import { quote } from "./names.ts";
import type { Report } from "./report.ts";
import type { RawApproval, RawEnvironment, RawFile } from "./schema.ts";
import { choice, list, object, optional, text, whole, wrongType, type At, type Named, type Read, type Shape } from "./shape.ts";

const STANDARD = {
  runner: "ubuntu-latest",
  install: "npm ci --ignore-scripts --no-audit --no-fund",
  command: "npx --no-install sluice",
  branch: "main",
  push: ["all", "services"],
  pullRequests: "none",
  wait: "runner",
} as const;

/** More levels than a plan of services has; each is a job in the files. */
const MOST_WAVES = 20;
/** GitHub allows 50 called workflows in one run; each environment is one, and what they share another. */
const MOST_ENVIRONMENTS = 48;
/** In one concurrency group, beside the one that runs. */
const MOST_WAITING = 100;

const branch = text({
  check(value) {
    if (/^[^-\s:^~\\?*[\p{Cc}][^\s:^~\\?*[\p{Cc}]*$/u.test(value) && !value.includes("..")) return null;
    return { code: "bad-ref", message: `${quote(value)} is no name of a branch`, hint: "such as `main`" };
  },
});

const slug = text({
  check(value) {
    if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(value))
      return {
        code: "bad-app",
        message: `${quote(value)} is no App of GitHub's`,
        hint: "its slug, as in github.com/apps/SLUG: `sluice-acme`",
      };
    // By their tokens every workflow of every branch writes as it.
    if (value !== "github-actions") return null;
    return { code: "bad-app", message: "whoever may push writes as that App", hint: "name the one that `sluice serve` is" };
  },
});

const labels = list(line, { least: 1 });
const runner: Shape<readonly At<string>[]> = {
  json: { anyOf: [line.json, labels.json] },
  read(node, where, report) {
    if (node.kind === "list") return labels.read(node, where, report);
    if (node.kind !== "scalar") return wrongType(node, where, "a label, or a list of labels", report);
    const label = line.read(node, where, report);
    return label === undefined ? undefined : [label];
  },
};

export const github = object({
  runner: optional("The label, or labels, of the runners that jobs ask for.", runner, STANDARD.runner),
  install: optional("The command that brings `sluice` to a runner, from a checkout of the repository.", line, STANDARD.install),
  command: optional("How `sluice` is called there.", line, STANDARD.command),
  branch: optional("The branch whose pushes deploy.", branch, STANDARD.branch),
  push: optional(
    "What a push starts: the workflow `all` for deploy all, `services` for those of each service whose `paths` it touches, or `server`: a running `sluice serve` deploys all. Empty: nothing, all is started by hand.",
    list(choice("all", "services", "server")),
    STANDARD.push,
  ),
  pullRequests: optional(
    "Which pull requests `sluice serve` tells what a merge would deploy, in a comment: `none`, those of the repository's `own` branches, or `all`, from forks too. Nothing of them is run for it.",
    choice("none", "own", "all"),
    STANDARD.pullRequests,
  ),
  app: optional(
    "The slug of the App that `sluice serve` is: what it has decided at the gates of workflows counts, where its rule is enabled. Left out: only reviewers on GitHub count.",
    slug,
  ),
  waves: optional("How many waves the files provide for. Left out: as many as the services need.", whole(1, MOST_WAVES)),
  setup: optional("Steps of your own, such as logins, in the jobs that build and deploy.", setup),
  wait: optional(
    "Who waits in a service's own workflow for what it needs of others: a `runner`, or without one a deployment protection `rule`: GitHub holds the job in the environment `<environment>-needs` until the App of a running `sluice serve` lets it start.",
    choice("runner", "rule"),
    STANDARD.wait,
  ),
});
export type RawGithub = Read<typeof github>;

export function buildGithub(raw: RawGithub): Github {
  const push = new Set<string>(raw.push?.map(({ value }) => value) ?? STANDARD.push);
  return {
    runner: raw.runner?.map(({ value }) => value) ?? [STANDARD.runner],
    install: raw.install?.value ?? STANDARD.install,
    command: raw.command?.value ?? STANDARD.command,
    branch: raw.branch?.value ?? STANDARD.branch,
    push: { all: push.has("all"), services: push.has("services"), server: push.has("server") },
    pullRequests: raw.pullRequests?.value ?? STANDARD.pullRequests,
    waves: raw.waves?.value ?? null,
    app: raw.app?.value ?? null,
    setup: buildSetup(raw.setup),
    wait: raw.wait?.value ?? STANDARD.wait,
  };
}

/** Where GitHub reads workflows from, from the repository's root. */
export const WORKFLOWS_FOLDER = ".github/workflows";

/** The workflow files' names, all of them there. */
export const WORKFLOW_FILES = {
  all: "deploy-all.yml",
  waves: "sluice-waves.yml",
  rollback: "rollback-all.yml",
  approve: "approve-all.yml",
  environment: (id: string): string => `deploy-all-${id}.yml`,
  service: (id: string): string => `deploy-${id}.yml`,
} as const;

/** GitHub's environment whose reviewers open the gate of an environment. */
export const gateName = (environment: EnvironmentId): string => `${environment}-approval`;

/** The name of the job that GitHub holds there; of a called workflow's, what calls it stands before, and a slash. */
export const gateJobName = (environment: EnvironmentId): string => `Gate of ${environment}`;

/** GitHub's environment whose rule holds a service's wait for what it needs in an environment. */
export const needsName = (environment: EnvironmentId): string => `${environment}-needs`;

/** GitHub gives every job one of its own; an environment that names it lets its attempts see it. */
export const TOKEN = "GITHUB_TOKEN";

/** A secret of the repository: by which jobs mask what is secret in texts that are compared, all alike. */
export const MASK_KEY = "SLUICE_MASK_KEY";

/** What GitHub cannot keep or name, where a file asks for workflows. */
export function checkGithub(raw: RawFile, report: Report): void {
  if (raw.github === undefined) return;
  checkPush(raw.github, report);
  checkFiles(raw, report);
  checkQueue(raw, report);
  const environments = raw.environments ?? new Map<string, { key: Span; value: RawEnvironment | undefined }>();
  const tooMany = [...environments.values()][MOST_ENVIRONMENTS];
  if (tooMany !== undefined) {
    report.error(
      "github-environments",
      tooMany.key,
      `${environments.size} environments are more than one run of GitHub's can call: at most ${MOST_ENVIRONMENTS}`,
      "remove `github:` and deploy with the server",
    );
  }
  checkSetup(raw.github.setup, (name) => [...environments.keys()].some((id) => [id, gateName(id), needsName(id)].includes(name)), report);
  for (const [id, { value }] of environments) {
    if (value === undefined) continue;
    if (value.approval !== undefined || value.rollback !== undefined)
      checkTaken(environments, gateName(id), `of the gate of ${quote(id)}`, report);
    if (raw.github.wait?.value === "rule") checkTaken(environments, needsName(id), `of the waits in ${quote(id)}`, report);
    if (raw.github.app === undefined && !raw.github.push?.some((what) => what.value === "server"))
      for (const approval of [value.approval, value.rollback]) if (approval !== undefined) checkCount(approval, report);
    checkSecrets(value.credentials ?? [], report);
  }
}

/** Two orchestrators at one target know nothing of each other. */
function checkPush({ push }: RawGithub, report: Report): void {
  const server = push?.find(({ value }) => value === "server");
  if (server === undefined || push === undefined || push.length === 1) return;
  report.error(
    "github-push-twice",
    server.at,
    "a push would start workflows and the server's deploy all, both for the same targets",
    "name `server` alone, or leave it out",
  );
}

/** Workflows that one push starts queue for the build of its commit; of those that wait GitHub keeps so many and cancels the others. */
function checkQueue({ github, services }: RawFile, report: Report): void {
  if (github?.push !== undefined && !github.push.some(({ value }) => value === "services")) return;
  const building = [...(services?.values() ?? [])].filter(({ value }) => value?.artifact !== undefined);
  const one = building[MOST_WAITING];
  if (one === undefined) return;
  report.warning(
    "github-build-queue",
    one.key,
    `one push may start ${building.length} workflows of services that wait for one build, and GitHub cancels those beyond ${MOST_WAITING}`,
    "let a push start deploy all alone: `github: { push: [all] }`",
  );
}

function checkFiles(raw: RawFile, report: Report): void {
  const taken = new Map<string, string>([[WORKFLOW_FILES.all, "deploy all"]]);
  for (const id of raw.environments?.keys() ?? []) taken.set(WORKFLOW_FILES.environment(id), `deploy all of the environment ${quote(id)}`);
  for (const [id, { key }] of raw.services ?? []) {
    const whose = taken.get(WORKFLOW_FILES.service(id));
    if (whose === undefined) continue;
    report.error(
      "github-file-taken",
      key,
      `the workflow of the service ${quote(id)} would be ${quote(WORKFLOW_FILES.service(id))}, which is ${whose}`,
      "call the service otherwise: its id is its own, and need not be the name of its folder or chart",
    );
  }
}

/** An environment of GitHub's that is ours cannot be one that services are deployed to. */
function checkTaken(all: Named<RawEnvironment>, name: string, whose: string, report: Report): void {
  const other = all.get(name);
  if (other === undefined) return;
  report.error(
    "github-environment-taken",
    other.key,
    `${quote(name)} is the name ${whose} on GitHub, and cannot be an environment too`,
    "call one of them otherwise",
  );
}

/** The server keeps it, and GitHub's gates cannot: nothing for the file, everything for workflows made from it. */
export const UNKEPT_COUNT = "github-approval-count";

function checkCount({ count }: RawApproval, report: Report): void {
  if (count === undefined || count.value === 1) return;
  report.warning(
    UNKEPT_COUNT,
    count.at,
    `${count.value} must approve, but on GitHub the first approval opens a gate: no workflows can be generated`,
    "let the server deploy, which counts (`github: { push: [server] }`); or let one approve",
  );
}

function checkSecrets(names: readonly At<string>[], report: Report): void {
  for (const { value, at } of names) {
    if (value === TOKEN || !/^(GITHUB|SLUICE|ACTIONS|RUNNER)_/i.test(value)) continue;
    report.error(
      "github-secret-name",
      at,
      `${quote(value)} cannot be a credential on GitHub: names that begin so are GitHub's and ours`,
      `give it another name there and here; only ${quote(TOKEN)} is there of itself`,
    );
  }
}
