import type { GithubSetup, GithubStep } from "./config.ts";
import { isId, quote, VARIABLE_PATTERN } from "./names.ts";
import type { Report } from "./report.ts";
import { flag, items, list, type Named, object, optional, type Read, record, type Shape, text, type At, type Where } from "./shape.ts";
import type { Node } from "./tree.ts";

/** More than anybody needs to log in. */
const MOST_STEPS = 20;
const MOST_VALUES = 50;
const INPUT_PATTERN = "^[A-Za-z_][A-Za-z0-9_-]*$";

/** A line that ends up in a workflow as it is. */
export const line = text({
  check(value) {
    if (value.trim() === "" || /\p{Cc}/u.test(value))
      return { code: "bad-line", message: "must be one line that says something", hint: "put several commands into a script" };
    // GitHub would paste what it evaluates to into a shell's text.
    if (!value.includes("${{")) return null;
    return { code: "github-expression", message: "holds an expression of GitHub's", hint: "use an environment variable, or a script" };
  },
});

/** By a commit, which nobody can move; one of this repository is as reviewed as the workflow. */
const action = text({
  check(value) {
    if (/^[A-Za-z0-9][\w.-]*\/[\w.-]+(?:\/[\w.-]+)*@[0-9a-f]{40}$/.test(value) && !/(?:^|\/)\.\.?(?:\/|@)/.test(value)) return null;
    if (/^\.\/[\w.-]+(?:\/[\w.-]+)*$/.test(value) && !value.includes("..")) return null;
    return {
      code: "github-action",
      message: `${quote(value)} is no action at a commit`,
      hint: "`owner/name@` and the 40 digits of its commit, which nobody can move as a tag; or `./folder` of this repository",
    };
  },
});

/** What a value may ask GitHub for: nothing that whoever pushes or starts a run can choose. */
const ASKED = /^(?:secrets\.(?!GITHUB_TOKEN$)[A-Za-z_]\w*|vars\.[A-Za-z_]\w*|github\.(?:token|actor|repository|repository_owner))$/;
const EXPRESSION = /\$\{\{\s*(.*?)\s*\}\}/gs;

const value = text({
  lenient: true,
  check(written) {
    const asked = [...written.matchAll(EXPRESSION)].map(([, inner = ""]) => inner);
    const bad = asked.find((inner) => !ASKED.test(inner)) ?? (written.replaceAll(EXPRESSION, "").includes("${{") ? written : undefined);
    if (bad !== undefined)
      return {
        code: "github-expression",
        message: `asks GitHub for ${quote(bad)}`,
        hint: "known: `secrets.NAME`, `vars.NAME`, and `github.token`, `github.actor`, `github.repository`, `github.repository_owner`",
      };
    if (!/\p{Cc}/u.test(written)) return null;
    return { code: "bad-line", message: "must be one line", hint: "put what is longer into a file of the repository" };
  },
});

const named = (pattern: string, what: string): Shape<Named<At<string>>> =>
  record(
    {
      pattern,
      most: MOST_VALUES,
      check: (name) =>
        new RegExp(pattern).test(name)
          ? null
          : { code: "bad-name", message: `${quote(name)} is no name of ${what}`, hint: `it must match \`${pattern}\`` },
    },
    value,
  );

const fields = object({
  name: optional("What it is called on the run's page.", line),
  uses: optional("An action: `owner/name@` and the 40 digits of its commit, or `./folder` of this repository.", action),
  run: optional("A command, instead of an action. Values of GitHub's come to it by `env` alone.", line),
  with: optional(
    "What the action is given. `${{ secrets.NAME }}` and `${{ vars.NAME }}` are those of the job's environment, or of the repository.",
    named(INPUT_PATTERN, "an input"),
  ),
  env: optional("Its environment variables.", named(VARIABLE_PATTERN, "a variable")),
});

const step: Shape<Read<typeof fields>> = {
  json: { ...fields.json, oneOf: [{ required: ["uses"] }, { required: ["run"] }] },
  read(node: Node, where: Where, report: Report) {
    const read = fields.read(node, where, report);
    if (read === undefined || node.kind !== "mapping") return undefined;
    if (node.entries.has("uses") !== node.entries.has("run")) return read;
    report.error("github-step", where.key, `${quote(where.path)} must have either \`uses\` or \`run\``, "an action, or a command");
    return undefined;
  },
};

const idToken = optional(
  "Whether these jobs may ask GitHub for a token that says who they are (`id-token: write`), by which clouds let them in without a secret (OIDC).",
  flag(),
  false,
);
const steps = optional("Steps before Sluice's own.", items(step, MOST_STEPS), []);

export const setup = object({
  build: optional(
    "Before artifacts are made or looked for, outside of every environment: in Build, Resolve and Pre-flight.",
    object({
      environment: optional(
        "GitHub's environment in which these jobs are, none of those above: its secrets are theirs, and its branch rule keeps them from other branches.",
        text({
          check: (name) =>
            isId(name) ? null : { code: "bad-name", message: `${quote(name)} cannot be a name here`, hint: "such as `builds`" },
        }),
      ),
      idToken,
      steps,
    }),
  ),
  deploy: optional(
    "Before something is deployed, in its environment.",
    object({
      idToken,
      sets: optional(
        "Variables that these steps set for those behind them. An environment that names one as a credential gets it from there, and from no secret.",
        list(
          text({
            check: (name) =>
              new RegExp(VARIABLE_PATTERN).test(name) ? null : { code: "bad-variable", message: `${quote(name)} is no name of a variable` },
          }),
        ),
        [],
      ),
      steps,
    }),
  ),
});
type Part = {
  readonly environment?: At<string> | undefined;
  readonly idToken?: boolean | undefined;
  readonly sets?: readonly At<string>[] | undefined;
  readonly steps?: readonly Read<typeof step>[] | undefined;
};

/** Where the jobs are that build. */
export function checkSetup(raw: Read<typeof setup> | undefined, taken: (name: string) => boolean, report: Report): void {
  const environment = raw?.build?.environment;
  if (environment !== undefined && taken(environment.value))
    report.error(
      "github-build-environment",
      environment.at,
      `${quote(environment.value)} is an environment of policy, or its gate: what builds must not see what it holds`,
      "name another one, such as `builds`",
    );
  if (raw?.build === undefined || environment !== undefined) return;
  const secret = (raw.build.steps ?? [])
    .flatMap(({ with: given, env }) => [...(given?.values() ?? []), ...(env?.values() ?? [])])
    .find(({ value: written }) => /\$\{\{\s*secrets\./.test(written?.value ?? ""));
  if (secret === undefined) return;
  report.error(
    "github-build-secret",
    secret.key,
    "a secret of the repository can be read from every branch",
    "name an environment that holds it (`build: { environment: builds, … }`), and give that a rule of branches on GitHub",
  );
}

export const buildSetup = (raw: Read<typeof setup> | undefined): GithubSetup => ({
  build: partOf(raw?.build),
  deploy: partOf(raw?.deploy),
});

const partOf = ({ environment, idToken: asks = false, sets = [], steps: all = [] }: Part = {}): GithubSetup["build"] => ({
  environment: environment?.value ?? null,
  idToken: asks,
  sets: sets.map((one) => one.value),
  steps: all.map(({ name, uses, run, with: given, env }): GithubStep => ({
    ...(name === undefined ? {} : { name: name.value }),
    ...(uses === undefined ? {} : { uses: uses.value }),
    ...(run === undefined ? {} : { run: run.value }),
    with: valuesOf(given),
    env: valuesOf(env),
  })),
});

const valuesOf = (values: Named<At<string>> | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries([...(values ?? [])].flatMap(([name, { value: found }]) => (found === undefined ? [] : [[name, found.value]])));

/** Secrets that steps name. */
export const secretsIn = (all: readonly GithubStep[]): readonly string[] => {
  const values = all.flatMap((one) => [...Object.values(one.with), ...Object.values(one.env)]);
  return [
    ...new Set(
      values.flatMap((written) => [...written.matchAll(EXPRESSION)].flatMap(([, inner = ""]) => /^secrets\.(\w+)$/.exec(inner)?.[1] ?? [])),
    ),
  ];
};
