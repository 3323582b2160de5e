import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { CommitId, Digest } from "../../core/config/config.ts";
import { planDeploy } from "../../core/plan/deploy.ts";
import type { Plan, PlannedArtifact } from "../../core/plan/plan.ts";
import type { AttemptEnd, Executor } from "../../engine/ports/executor.ts";
import type { Forge } from "../../github/forge.ts";
import { BUILDS, buildDeployment, buildsOf } from "../../github/records/builds.ts";
import { recordsOf } from "../../github/records/read.ts";
import { isTarget } from "../../github/records/record.ts";
import { LocalExecutor } from "../../executor/local/index.ts";
import { attemptRegistry } from "../attempt-registry.ts";
import { concurrencyOf } from "../concurrency.ts";
import { ATTEMPT_RUNNER } from "../package-files.ts";
import { builder } from "../registry.ts";
import { GRACE_MS } from "./engine.ts";
import { keysOf, mustSayCommit } from "./inputs.ts";
import { code, short } from "./outputs.ts";
import type { Place } from "./place.ts";
import { followLog } from "./recording.ts";

/** Between two looks for what somebody else is to push, in ms. */
const PAUSE = { first: 5_000, most: 60_000, times: 1.5 };

/** `sluice ci build`: the artifacts of a commit, each made once: what was deployed or built of this commit before is taken as it is, where it is still there. */
export async function ciBuild(place: Place): Promise<ExitCode> {
  const { inputs, outputs, host } = place;
  const commit = await place.source.resolve(mustSayCommit(inputs));
  const plan = await everythingOf(place, commit);
  const keys = keysOf(host.env);
  const strange = keys.filter((key) => !plan.artifacts[key]);
  if (strange.length > 0)
    throw new CliError(
      EXIT.usage,
      `${short(commit)} has no artifact ${strange.join(", ")}`,
      `It has: ${Object.keys(plan.artifacts).join(", ")}`,
    );
  const forge = await host.forge();
  const temporary = await mkdtemp(join(tmpdir(), "sluice-ci-"));
  const home = host.env["SLUICE_HOME"] ? resolve(host.directory, host.env["SLUICE_HOME"]) : temporary;
  await mkdir(home, { recursive: true, mode: 0o700 });
  try {
    const known = await recorded(forge, place, commit, plan.members);
    const built = buildsOf(await forge.deployments({ environment: BUILDS, sha: commit }));
    const made: { [key: string]: Digest } = {};
    const rows: (readonly string[])[] = [];
    for (const key of keys) {
      const artifact = plan.artifacts[key] as PlannedArtifact;
      const recent = built.get(key);
      // what was deployed counts before what was only built
      const before =
        (await stillThere(artifact, known.get(key) ?? [], home)) ??
        (await stillThere(artifact, recent === undefined ? [] : [recent], home));
      made[key] =
        before ??
        (artifact.awaits === undefined
          ? await build(place, forge, { home, commit, key, artifact })
          : await awaited(place, home, commit, artifact));
      rows.push([key, code(made[key]), before === null ? (artifact.awaits === undefined ? "built" : "pushed by others") : "was there"]);
    }
    outputs.hand("artifacts", made);
    outputs.table(`Artifacts of ${short(commit)}`, ["Artifact", "Digest", "How"], rows);
    return EXIT.done;
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Every artifact that the commit has, also those of manual services. Rejects for a commit that may go nowhere. */
async function everythingOf({ configs, policy, source }: Place, commit: CommitId): Promise<Plan> {
  const release = await configs.at(commit);
  const allowed = await Promise.all(
    Object.values(policy.environments).map(async ({ from }) => from.length === 0 || (await source.reachableFrom(commit, from))),
  );
  if (!allowed.includes(true))
    throw new CliError(
      EXIT.notAllowed,
      `No environment takes ${short(commit)}: \`from\` of each names other branches`,
      "Merge it there first",
    );
  const planned = planDeploy({ release, policy, commit, services: Object.keys(release.services), environments: null, promotion: null });
  if ("plan" in planned) return planned.plan;
  throw new CliError(EXIT.usage, planned.problems.map((p) => p.message).join("; "), planned.problems.map((p) => p.hint).join("; "));
}

/** What was deployed of this commit before, by the keys of artifacts. */
async function recorded(
  forge: Forge,
  place: Place,
  commit: CommitId,
  members: Plan["members"],
): Promise<ReadonlyMap<string, readonly Digest[]>> {
  const found = new Map<string, readonly Digest[]>();
  for (const environment of Object.keys(place.policy.environments))
    for (const record of recordsOf(await forge.deployments({ environment, sha: commit }))) {
      const key = isTarget(record) && record.kind === "deploy" ? (members[record.target]?.artifact ?? null) : null;
      if (key !== null && isTarget(record) && record.digest !== null)
        found.set(key, [...new Set([...(found.get(key) ?? []), record.digest])]);
    }
  return found;
}

/** The one digest that everybody has been given. Rejects where there are two, or where it cannot be told whether it is still there. */
async function stillThere(
  { name, builder: by, config }: PlannedArtifact,
  digests: readonly Digest[],
  home: string,
): Promise<Digest | null> {
  if (digests.length > 1)
    throw new CliError(
      EXIT.failed,
      `Of this commit, ${name} was deployed as ${digests.join(" and as ")}`,
      "A build must make the same of the same commit",
    );
  const [digest] = digests;
  return digest !== undefined && (await (await builder(by)).has(digest, config, home)) ? digest : null;
}

type Wanted = { readonly home: string; readonly commit: CommitId; readonly key: string; readonly artifact: PlannedArtifact };

/** Recorded as soon as it is made: the jobs that wait for this one's lock take it as it is. */
async function build(place: Place, forge: Forge, wanted: Wanted): Promise<Digest> {
  const { commit, key: artifact } = wanted;
  const attempt = `build-${randomBytes(8).toString("hex")}`;
  const digest = await make(place, attempt, wanted);
  const record = await forge.createDeployment(buildDeployment(commit, attempt, { artifact, digest }));
  await forge.setStatus(record, { state: "success", description: "built", logUrl: place.inputs.url });
  return digest;
}

async function make(place: Place, attempt: string, { home, commit, artifact }: Wanted): Promise<Digest> {
  const executor = new LocalExecutor({
    home,
    runner: ATTEMPT_RUNNER,
    source: place.root,
    concurrency: concurrencyOf(place.host.env),
    registry: attemptRegistry,
    graceMs: GRACE_MS,
  });
  const spec = {
    kind: "build" as const,
    id: attempt,
    run: place.inputs.run.replace("/", "-"),
    project: place.project,
    commit,
    artifact,
  };
  const ended = endOf(executor, spec.id);
  const stop = (): void => void executor.stop(spec.id);
  place.host.interrupted.addEventListener("abort", stop);
  try {
    await executor.start(spec);
    if (place.host.interrupted.aborted) stop();
    await followLog(executor, spec, place.outputs, new AbortController().signal);
    const end = await ended;
    if (end !== "lost" && end.outcome === "succeeded" && end.digest !== null) return end.digest;
    throw new CliError(
      place.host.interrupted.aborted ? EXIT.interrupted : EXIT.failed,
      `The build of ${artifact.name} ${end === "lost" ? "is gone without an outcome" : `${end.outcome}: ${end.message ?? "no message"}`}`,
    );
  } finally {
    place.host.interrupted.removeEventListener("abort", stop);
    await executor.close();
  }
}

const endOf = (executor: Executor, attempt: string): Promise<AttemptEnd | "lost"> =>
  new Promise((resolve) => executor.onEnd((id, end) => id === attempt && resolve(end)));

/** What somebody else pushes for this commit, as long as policy waits for it. */
async function awaited({ host, project, outputs }: Place, home: string, commit: CommitId, artifact: PlannedArtifact): Promise<Digest> {
  const by = await builder(artifact.builder);
  const deadline = host.clock.now() + artifact.timeoutMs;
  for (let pause = PAUSE.first; ; pause = Math.min(pause * PAUSE.times, PAUSE.most)) {
    const found = await by.find?.({ project, commit, config: artifact.config }, { signal: host.interrupted, home });
    if (found) return found;
    if (host.clock.now() + pause > deadline)
      throw new CliError(
        EXIT.failed,
        `${artifact.awaits} was not pushed within ${artifact.timeoutMs / 1000} s`,
        `Who pushes it? artifacts.${artifact.name}.timeout says how long it is waited for`,
      );
    outputs.say(`Waits until ${artifact.awaits} has been pushed`);
    await host.wait(pause, host.interrupted);
  }
}
