import { CliError, EXIT, type ExitCode } from "../../cli/exit.ts";
import type { CommitId, Digest } from "../../core/config/config.ts";
import { planDeploy } from "../../core/plan/deploy.ts";
import type { Plan, PlannedArtifact } from "../../core/plan/plan.ts";
import type { Forge } from "../../github/forge.ts";
import { FIRST_PAUSE_MS, nextPauseMs } from "../../github/pauses.ts";
import { BUILDS, buildDeployment, buildsOf } from "../../github/records/builds.ts";
import { recordsOf } from "../../github/records/read.ts";
import { isTarget } from "../../github/records/record.ts";
import { builder } from "../registry.ts";
import { keysOf, mustSayCommit } from "./inputs.ts";
import { make, newBuild } from "./make.ts";
import { code, short } from "./outputs.ts";
import type { Place } from "./place.ts";

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
  const home = place.home.directory;
  const known = await recorded(forge, place, commit, plan.members);
  const built = buildsOf(await forge.deployments({ environment: BUILDS, sha: commit }));
  const made: { [key: string]: Digest } = {};
  const rows: (readonly string[])[] = [];
  for (const key of keys) {
    const artifact = plan.artifacts[key] as PlannedArtifact;
    const recent = built.get(key);
    // what was deployed counts before what was only built
    const before =
      (await stillThere(place, commit, artifact, known.get(key) ?? [])) ??
      (await stillThere(place, commit, artifact, recent === undefined ? [] : [recent]));
    made[key] =
      before ??
      (artifact.awaits === undefined ? await build(place, forge, { commit, key, artifact }) : await awaited(place, home, commit, artifact));
    rows.push([key, code(made[key]), before === null ? (artifact.awaits === undefined ? "built" : "pushed by others") : "was there"]);
  }
  outputs.hand("artifacts", made);
  outputs.table(`Artifacts of ${short(commit)}`, ["Artifact", "Digest", "How"], rows);
  return EXIT.done;
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
    for (const record of await place.believed.of(recordsOf(await forge.deployments({ environment, sha: commit })))) {
      const key = isTarget(record) && record.kind === "deploy" ? (members[record.target]?.artifact ?? null) : null;
      if (key !== null && isTarget(record) && record.digest !== null)
        found.set(key, [...new Set([...(found.get(key) ?? []), record.digest])]);
    }
  return found;
}

/** The one digest that everybody has been given, where the artifact is there and says itself that it is of this commit: a record is no more than said. Rejects where there are two, or where it cannot be told. */
async function stillThere(
  { home: { directory: home }, project, outputs }: Place,
  commit: CommitId,
  { name, builder: by, config }: PlannedArtifact,
  digests: readonly Digest[],
): Promise<Digest | null> {
  const found: Digest[] = [];
  const made = await builder(by);
  for (const digest of digests) {
    if (!(await made.has(digest, config, home))) continue;
    const why = (await made.whyNotOf?.(digest, { project, commit, config }, home)) ?? null;
    if (why === null) found.push(digest);
    else outputs.notice(`${name} of ${short(commit)} is recorded as ${digest}, which is not taken for it: ${why}`);
  }
  if (found.length > 1)
    throw new CliError(
      EXIT.failed,
      `Of this commit, ${name} was deployed as ${found.join(" and as ")}`,
      "A build must make the same of the same commit. Go on with a commit on top of it, which is built once: git commit --allow-empty",
    );
  return found[0] ?? null;
}

type Wanted = { readonly commit: CommitId; readonly key: string; readonly artifact: PlannedArtifact };

/** Recorded as soon as it is made: the jobs that wait for this one's lock take it as it is. */
async function build(place: Place, forge: Forge, { commit, key, artifact }: Wanted): Promise<Digest> {
  const attempt = newBuild();
  const digest = await make(place, attempt, commit, artifact);
  const record = await forge.createDeployment(buildDeployment(commit, attempt, { artifact: key, digest }));
  await forge.setStatus(record, { state: "success", description: "built", logUrl: place.inputs.url });
  return digest;
}

/** What somebody else pushes for this commit, as long as policy waits for it. */
async function awaited({ host, project, outputs }: Place, home: string, commit: CommitId, artifact: PlannedArtifact): Promise<Digest> {
  const by = await builder(artifact.builder);
  const deadline = host.clock.now() + artifact.timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = nextPauseMs(pause)) {
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
