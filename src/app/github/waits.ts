import type { CommitId } from "../../core/config/config.ts";
import { WORKFLOW_FILES, WORKFLOWS_FOLDER } from "../../core/config/github.ts";
import { CONFIG_FILE } from "../../engine/configs.ts";
import { PLAIN_DEPLOY, RequestError } from "../../engine/control.ts";
import { SourceError } from "../../engine/ports/source.ts";
import type { WorkflowRun } from "../../github/forge.ts";
import { needsFor } from "../../github/gates/names.ts";
import { certainCommitOf } from "../../github/gates/waiting.ts";
import { type Look, type Subject, Waits } from "../../github/server/waits.ts";
import { sourceOf } from "../../github/workflows/emit.ts";
import { GitSource } from "../../source/git.ts";
import type { Upstream } from "../../source/upstream.ts";
import { AS_THEY_ARE, newestHistory, relationsBetween } from "../ci/history.ts";
import { once } from "../once.ts";
import type { Connection } from "./connection.ts";
import type { GithubParts } from "./server.ts";

/** Who waits at rules of GitHub's for what a service needs. */
export function waitsOf(parts: GithubParts, to: Connection, upstream: Upstream): Waits {
  const { control, clock, log } = parts;
  const relation = relationsBetween(parts);
  const look = (): Look => {
    const fetched = once(() => to.fetch(upstream));
    return {
      forge: { openRuns: once((commit) => to.forge.openRuns(commit)), workflowRun: once((id) => to.forge.workflowRun(id)) },
      history: once((environment, services) => newestHistory(to.forge, environment, () => Promise.resolve(services), AS_THEY_ARE)),
      relation: once((release, live) => relation(release, live, fetched)),
      subject: (run, asked) => subjectOf(parts, to, upstream, fetched, run, asked),
    };
  };
  const budget = (): ReturnType<Connection["forge"]["budget"]> => to.forge.budget();
  return new Waits({ server: to.server, store: control.store, look, budget, now: () => clock.now(), log });
}

/** Whether a request at an environment of GitHub's is about what a service needs: one of policy's own that is called so is a gate like any other. */
export async function isWait({ configs, policyRef }: Pick<GithubParts, "configs" | "policyRef">, environment: string): Promise<boolean> {
  return needsFor(environment) !== null && (await configs.policy(policyRef)).policy.environments[environment] === undefined;
}

/** What a run waits for, by a generated workflow of the branch that deploys and of nothing else. */
async function subjectOf(
  parts: GithubParts,
  to: Connection,
  upstream: Upstream,
  fetched: () => Promise<void>,
  run: WorkflowRun,
  asked: { readonly environment: string; readonly commit: CommitId },
): Promise<Subject> {
  const { control, configs, policyRef } = parts;
  const { policy, commit: policyCommit } = await configs.policy(policyRef);
  const environment = needsFor(asked.environment) ?? "";
  const rules = policy.environments[environment];
  const refused = (words: string): Subject => ({ is: "refused", words });
  if (rules === undefined) return refused(`policy has no environment ${environment}`);
  if (run.event !== "push" && run.event !== "workflow_dispatch") return refused(`it was started by ${run.event}, not by a push or by hand`);
  if (run.commit !== asked.commit) return refused("GitHub asks for another commit than that of the workflow run");
  await fetched();
  const branch = (await configs.at(policyCommit)).github?.branch ?? "";
  const head = await upstream.head(branch);
  const short = run.commit.slice(0, 12);
  try {
    await parts.source.resolve(run.commit);
    if (head === null || !(await upstream.contains(head, run.commit)))
      return refused(`its workflow file is of ${short}, which is not on the branch that deploys${branch === "" ? "" : ` (${branch})`}`);
    const service = await serviceOf(parts, run);
    if (service === null) return refused(`${run.path} is no generated workflow of a service: only these wait in ${asked.environment}`);
    const commit = await certainCommitOf(to.forge, run);
    if (commit === null)
      return refused(`which commit it deploys cannot be told from "${run.title}": start it anew with the commit's id, not with a name`);
    await parts.source.resolve(commit);
    const { plan } = await control.plan({ ...PLAIN_DEPLOY, services: [service], environments: [environment], commit });
    const member = plan.members[`${service}@${environment}`];
    if (member === undefined) return refused(`${commit.slice(0, 12)} has no ${service} in ${environment}`);
    const waiting = { service, environment, commit, needs: member.definition.needs, run: run.id };
    return { is: "known", waiting, timeoutMs: rules.needsTimeoutMs };
  } catch (error) {
    if (error instanceof RequestError && error.code !== "conflict") return refused([error.message, error.hint].filter(Boolean).join("; "));
    if (error instanceof SourceError && error.code === "unknown-commit")
      return { is: "unclear", words: `${error.message} ${error.hint}`, timeoutMs: rules.needsTimeoutMs };
    throw error;
  }
}

/** Whose generated workflow a run is of, as the run's own commit has it; null: nobody's. */
async function serviceOf({ configs, source, root }: GithubParts, { path, commit }: WorkflowRun): Promise<string | null> {
  const [file = ""] = path.split("@");
  const { services } = await configs.at(commit);
  const service = Object.keys(services).find((id) => file === `${WORKFLOWS_FOLDER}/${WORKFLOW_FILES.service(id)}`);
  if (service === undefined) return null;
  const text = await new GitSource({ directory: root }).file(commit, file);
  const from = source.folder === "" ? CONFIG_FILE : `${source.folder}/${CONFIG_FILE}`;
  return text !== null && sourceOf(text) === from ? service : null;
}
