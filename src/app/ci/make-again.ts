import type { Digest } from "../../core/config/config.ts";
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
 * commit's definition, and counts only where it comes out as it is recorded. Each once, one after the other.
 */
export function makingAgain(
  place: Place,
  records: readonly Record[],
  builder: (name: string) => Promise<Builder>,
): (name: string) => Promise<Builder> {
  const recorded = new Map(records.flatMap((r) => (isTarget(r) && r.digest !== null ? [[r.digest, r] as const] : [])));
  const made = new Map<Digest, Promise<true>>();
  let last: Promise<unknown> = Promise.resolve();
  return async (name) => {
    const by = await builder(name);
    if (!by.inHome) return by;
    const has: Builder["has"] = async (digest, config, home) => {
      if (await by.has(digest, config, home)) return true;
      const record = recorded.get(digest);
      if (record === undefined) return false;
      const again = made.get(digest) ?? last.then(() => makeAgain(place, record, digest));
      made.set(digest, again);
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
