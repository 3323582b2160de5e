import type { z } from "@hono/zod-openapi";
import type * as schema from "../../contract/schemas/compared.ts";
import type { DriftReport, EnvironmentDiff } from "../../engine/compared.ts";
import type { CommitList } from "../../engine/ports/source.ts";
import { instant } from "./runs.ts";

export const presentDiff = (diff: EnvironmentDiff): z.infer<typeof schema.Diff> => ({
  commit: diff.commit,
  environment: diff.environment,
  summary: { targets: { ...diff.summary.targets }, objects: { ...diff.summary.objects } },
  targets: diff.targets.map(({ objects, ...target }) => ({ ...target, objects: objects?.map((object) => ({ ...object })) ?? null })),
  commits: diff.commits.map(({ from, brings, loses }) => ({ from, brings: presentCommits(brings), loses: presentCommits(loses) })),
});

const presentCommits = ({ count, newest }: CommitList) => ({
  count,
  items: newest.map((commit) => ({ ...commit, at: instant(commit.at) })),
});

export const presentDrift = ({ summary, targets }: DriftReport): z.infer<typeof schema.Drift> => ({
  summary: { ...summary },
  targets: targets.map(({ since, differences, unknown, objects, ...target }) => ({
    ...target,
    since: instant(since),
    differences: [...differences],
    unknown: [...unknown],
    objects: objects.map((object) => ({ ...object })),
  })),
});
