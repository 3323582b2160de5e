import { z } from "zod";
import type { CommitId, Digest } from "../../core/config/config.ts";
import type { Deployment, NewDeployment } from "../forge.ts";
import { RecordError } from "./read.ts";
import { FORM } from "./record.ts";

/** Where builds are recorded: nothing is deployed there, and no policy may call an environment so. */
export const BUILDS = "sluice/builds";
const PREFIX = "sluice-build:";

/** `artifact` is its key: `mega`, or `web@mainnet` where it is made per environment. */
export type BuildRecord = { readonly artifact: string; readonly digest: Digest };

/** `attempt` names the build, so that one whose answer was lost is not recorded twice. */
export function buildDeployment(commit: CommitId, attempt: string, { artifact, digest }: BuildRecord): NewDeployment {
  return {
    sha: commit,
    environment: BUILDS,
    task: `${PREFIX}${artifact}`,
    payload: { sluice: FORM, kind: "build", artifact, digest, attempt },
    description: `${artifact} ${commit.slice(0, 12)}: ${digest}`.slice(0, 140),
    production: false,
  };
}

const payload = z.strictObject({
  sluice: z.literal(FORM),
  kind: z.literal("build"),
  artifact: z.string().min(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  attempt: z.string().min(1),
});

/** What was built of a commit, by key; of several builds the newest. Throws `RecordError` where one of ours says nothing that can be relied on. */
export function buildsOf(deployments: readonly Deployment[]): ReadonlyMap<string, Digest> {
  const found = new Map<string, Digest>();
  for (const { id, task, payload: said } of deployments.toSorted((a, b) => a.id - b.id)) {
    if (!task.startsWith(PREFIX)) continue;
    const read = payload.safeParse(said);
    if (!read.success || `${PREFIX}${read.data.artifact}` !== task)
      throw new RecordError(id, "this record of a build cannot be read: a newer Sluice wrote it, or somebody else");
    found.set(read.data.artifact, read.data.digest);
  }
  return found;
}
