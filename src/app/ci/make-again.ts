import type { CommitId, Digest } from "../../core/config/config.ts";
import { planArtifact } from "../../core/plan/artifact.ts";
import { ArtifactError } from "../../engine/gone.ts";
import { messageOf } from "../../engine/errors.ts";
import type { Builder } from "../../engine/ports/driver.ts";
import { isTarget, type Record, type TargetRecord } from "../../github/records/record.ts";
import { make, newBuild } from "./make.ts";
import { short } from "./outputs.ts";
import type { Place } from "./place.ts";

/**
 * Builders for a machine that may keep nothing between jobs: an artifact that lies in this job's directory alone, and is asked for by what is recorded of it, is made again from its own commit, by that
 * commit's definition, and counts only where it comes out as it is recorded. Each once, one after the other. So is one that is there, and of which nothing but a record says that it is of its commit; elsewhere such an artifact does not count.
 */
export function makingAgain(
  place: Place,
  records: readonly Record[],
  builder: (name: string) => Promise<Builder>,
): (name: string) => Promise<Builder> {
  const acts = records.filter((r): r is TargetRecord => isTarget(r) && r.digest !== null);
  const recordOf = (digest: Digest, commit: CommitId | undefined): TargetRecord | undefined =>
    acts.findLast((r) => r.digest === digest && (commit === undefined || r.commit === commit));
  const made = new Map<string, Promise<true>>();
  let last: Promise<unknown> = Promise.resolve();
  return async (name) => {
    const by = await builder(name);
    const has: Builder["has"] = async (digest, config, home, commit) => {
      const there = await by.has(digest, config, home);
      // what is recorded is no more than said: the artifact has to say itself of which commit it is
      const why = there && commit !== undefined ? await by.whyNotOf?.(digest, { project: place.project, commit, config }, home) : null;
      if (there && !why) return true;
      if (why && !by.inHome) throw new ArtifactError(`is not known to be of ${short(commit ?? "")}: ${why}`);
      const record = by.inHome ? recordOf(digest, commit) : undefined;
      if (record === undefined) return false;
      const key = `${digest} ${record.commit}`;
      const again = made.get(key) ?? last.then(() => makeAgain(place, record, digest));
      made.set(key, again);
      last = again.catch(() => {});
      return await again;
    };
    return { ...by, has };
  };
}

/** Rejects with an `ArtifactError`. */
async function makeAgain(place: Place, { commit, service, environment, definition }: TargetRecord, digest: Digest): Promise<true> {
  const { configs, project, outputs } = place;
  const refuse = (why: string, cause?: unknown): never => {
    throw new ArtifactError(why, { cause });
  };
  const { services, artifacts } = await configs
    .at(commit)
    .catch((error: unknown) => refuse(`cannot be made again, since ${short(commit)} cannot be read: ${messageOf(error)}`, error));
  const name = services[service]?.artifact ?? null;
  const artifact = name === null ? undefined : artifacts[name];
  if (name === null || artifact === undefined) return refuse(`cannot be made again: ${short(commit)} does not say how`);
  outputs.say(`${name} of ${short(commit)} is not on this machine: it is made again`);
  const planned = planArtifact(name, artifact, { project, commit }, { ...definition, environment });
  const out = await make(place, newBuild(), commit, planned).catch((error: unknown) =>
    refuse(`cannot be made again from ${short(commit)}: ${messageOf(error)}`, error),
  );
  if (out === digest) return true;
  return refuse(`was made again from ${short(commit)} and came out as ${out}: a build must make the same of the same commit`);
}
