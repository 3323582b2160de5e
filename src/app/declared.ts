import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "../cli/context.ts";
import { CliError, EXIT } from "../cli/exit.ts";
import type { CommitId, Config, EnvironmentId, Policy } from "../core/config/config.ts";
import { parseConfig } from "../core/config/parse.ts";
import { hostZones } from "../engine/zones.ts";
import { GitSource } from "../source/git.ts";
import { failed, ok, problem, warning } from "./checks.ts";
import { examine } from "./examine.ts";
import { PROJECT_FILE, type Project } from "./project.ts";
import { adapterSchemas, builder, driver } from "./registry.ts";

/** A check, and what it was made on where that is usable. */
type Looked<T> = { readonly check: Check; readonly value: T | null };
export type Declared = { readonly checks: readonly Check[]; readonly examined: readonly Check[] };

/** What the file, the repository and policy say, and what drivers and builders say of what is declared there. Rejects with `CliError` for an environment that policy does not have. */
export async function declared(
  project: Project,
  environments: readonly EnvironmentId[] | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Declared> {
  const source = GitSource.ofProject(project.root);
  const [release, head, policy] = await Promise.all([config(project), repository(source), policyAt(source)]);
  const checks = [release.check, head.check, policy.check];
  const known = Object.keys(policy.value?.environments ?? {});
  const unknown = policy.value ? environments?.find((id) => !known.includes(id)) : undefined;
  if (unknown !== undefined) throw new CliError(EXIT.usage, `No environment ${unknown} in the policy`, `Known: ${known.join(", ")}`);
  if (!release.value || !head.value || !policy.value) return { checks, examined: [] };
  const about = { release: release.value, commit: head.value, policy: policy.value, environments, file: PROJECT_FILE, env };
  return { checks, examined: await withHome(project, (home) => examine({ ...about, home }, { driver, builder })) };
}

/** What adapters keep goes into the store's directory; where there is none yet, looking around does not make one. */
async function withHome<T>({ home }: Project, act: (home: string) => Promise<T>): Promise<T> {
  if (existsSync(home)) return await act(home);
  const passing = await mkdtemp(join(tmpdir(), "sluice-doctor-"));
  try {
    return await act(passing);
  } finally {
    await rm(passing, { recursive: true, force: true });
  }
}

async function config({ root }: Project): Promise<Looked<Config>> {
  try {
    const text = await readFile(join(root, PROJECT_FILE), "utf8");
    const { config: value, diagnostics } = parseConfig(text, PROJECT_FILE, await adapterSchemas(), hostZones);
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    const see = "sluice validate shows them";
    if (errors > 0) return { check: problem(PROJECT_FILE, `${errors} errors`, see), value: null };
    if (diagnostics.length > 0) return { check: warning(PROJECT_FILE, `valid, with ${diagnostics.length} warnings`, see), value };
    return { check: ok(PROJECT_FILE, "valid"), value };
  } catch (error) {
    return { check: failed(PROJECT_FILE, error), value: null };
  }
}

async function repository(source: GitSource): Promise<Looked<CommitId>> {
  try {
    const value = await source.resolve("HEAD");
    const at = `HEAD is ${value.slice(0, 12)}`;
    if (!(await source.dirty())) return { check: ok("repository", at), value };
    return { check: warning("repository", `${at}, and the work tree has changes`, "What is deployed is the commit, not the tree"), value };
  } catch (error) {
    return { check: failed("repository", error), value: null };
  }
}

async function policyAt(source: GitSource): Promise<Looked<Policy>> {
  const no = (message: string, hint: string): Looked<Policy> => ({
    check: problem("policy", message, `${hint}, or name another ref with --policy-ref`),
    value: null,
  });
  try {
    const { ref, commit } = await source.policyRef(null);
    const text = await source.file(commit, PROJECT_FILE);
    const file = source.folder === "" ? PROJECT_FILE : `${source.folder}/${PROJECT_FILE}`;
    if (text === null) return no(`${ref} has no ${file}`, "Policy is read from there: merge one");
    const { config: parsed } = parseConfig(text, PROJECT_FILE, await adapterSchemas(), hostZones);
    if (!parsed) return no(`${PROJECT_FILE} of ${ref} is not valid`, "Merge a valid one");
    return { check: ok("policy", `${ref} at ${commit.slice(0, 12)}`), value: parsed.policy };
  } catch (error) {
    return { check: failed("policy", error), value: null };
  }
}
