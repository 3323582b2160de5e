import { z } from "@hono/zod-openapi";
import { CommitId, Digest, Health, Instant, TargetId } from "./common.ts";
import { Commit } from "./fleet.ts";

const count = z.int().min(0);
const Commits = z.object({
  count,
  items: z.array(Commit).openapi({ description: "Newest first, at most 50" }),
});

/** What an object is called; kinds are those of the place, such as Deployment. */
const object = {
  kind: z.string(),
  name: z.string(),
  namespace: z.string().nullable().openapi({ description: "null: it belongs to none" }),
};
const cut = z.boolean().openapi({ description: "The texts were too long: only their beginnings are here" });

const ObjectChange = z
  .object({
    ...object,
    change: z.enum(["added", "changed", "removed", "same"]),
    before: z.string().nullable().openapi({ description: "What is there; null: it is added, or the same" }),
    after: z.string().nullable().openapi({ description: "What it would become; null: it is removed, or the same" }),
    cut,
  })
  .openapi("ObjectChange");
const ObjectCounts = z.object({ added: count, changed: count, removed: count, same: count });

/** What a commit would change in an environment, without secrets: object by object against what is there where the driver can tell, else as texts against what was applied last. */
export const Diff = z
  .object({
    commit: CommitId,
    environment: z.string(),
    summary: z.object({
      targets: z.object({ changed: count, same: count, unknown: count }),
      objects: ObjectCounts.openapi({ description: "Of the targets that were compared object by object" }),
    }),
    targets: z.array(
      z.object({
        target: TargetId,
        from: CommitId.nullable().openapi({ description: "What is live; null: nothing" }),
        to: CommitId,
        artifact: Digest.nullable().openapi({ description: "Of what would be applied; null: it has none, or `unbuilt`" }),
        unbuilt: z
          .string()
          .nullable()
          .openapi({ description: "The artifact whose build has not ended: its digest is not part of what is compared" }),
        change: z.enum(["changed", "same", "unknown"]).openapi({ description: "unknown: it could not be rendered" }),
        objects: z.array(ObjectChange).nullable().openapi({ description: "Against what is there now; null: see `before` and `after`" }),
        counts: ObjectCounts.nullable().openapi({ description: "Of all objects, also those that are not listed" }),
        uncompared: z.string().nullable().openapi({ description: "Why objects could not be compared with what is there" }),
        before: z
          .string()
          .nullable()
          .openapi({ description: "null: objects were compared, nothing is live, or it was not deployed by Sluice" }),
        after: z.string().nullable().openapi({ description: "null: objects were compared" }),
        problem: z.string().nullable().openapi({ description: "Why it could not be rendered; the texts are definitions then" }),
        cut: z.boolean().openapi({ description: "There was too much: texts are cut, or the last objects left out" }),
      }),
    ),
    commits: z
      .array(
        z.object({
          from: CommitId,
          brings: Commits.openapi({ description: "Commits that are not live yet" }),
          loses: Commits.openapi({ description: "Commits that are live and not part of the new one" }),
        }),
      )
      .openapi({ description: "One for each commit that is live on a target and known to the source" }),
  })
  .openapi("Diff");

/** What is there now, against what the ledger says is live. */
export const Drift = z
  .object({
    summary: z.object({ none: count, drift: count, unknown: count }),
    targets: z
      .array(
        z.object({
          target: TargetId,
          verdict: z.enum(["none", "drift", "unknown"]).openapi({
            description: "drift: something differs. unknown: nothing was found to differ, and not all could be looked at",
          }),
          commit: CommitId.openapi({ description: "What the ledger says is live" }),
          since: Instant,
          deployed: CommitId.nullable().openapi({ description: "What Sluice has deployed there last; null: nothing that is known" }),
          health: z.enum(Health.options).nullable().openapi({ description: "As its driver sees it; null: it could not be looked at" }),
          differences: z.array(z.string()).openapi({ description: "How what is live is another than what the ledger says" }),
          unknown: z.array(z.string()).openapi({ description: "What could not be looked at, and why" }),
          compared: count.nullable().openapi({ description: "Objects that were compared with what is recorded; null: none were" }),
          objects: z
            .array(
              z
                .object({
                  ...object,
                  drift: z.enum(["missing", "different", "extra"]).openapi({
                    description: "missing: what was deployed is gone. extra: there, and not part of what is recorded",
                  }),
                  recorded: z.string().nullable(),
                  live: z.string().nullable(),
                  cut,
                })
                .openapi("ObjectDrift"),
            )
            .openapi({ description: "Those that differ" }),
          cut: z.boolean().openapi({ description: "There was too much: texts are cut, or the last objects left out" }),
        }),
      )
      .openapi({ description: "Targets that have something live, by the ledger" }),
  })
  .openapi("Drift");
