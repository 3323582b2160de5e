import type { TargetId } from "../../../../src/core/config/config.ts";
import type { Member } from "../../../../src/core/plan/plan.ts";
import type { Draft } from "../../../../src/core/run/draft.ts";
import type { StepRow } from "../../../../src/core/run/rows.ts";
import { meets } from "../history.ts";
import { SETUP } from "../model/setup.ts";
import { instead, type Mutant } from "./mutant.ts";

type Wait = { readonly target: TargetId; readonly own: StepRow["status"] | null };

/** A need that is not met is met all the same where `enough` says so. */
const unless = (enough: (d: Draft, member: Member, wait: Wait, run: string) => boolean) =>
  instead("run/needs.ts", ({ needsOf }) => ({
    needsOf: (d: Draft, run: string, member: Member, row: StepRow) => {
      const verdict = needsOf(d, run, member, row);
      const reason = verdict === "go" ? null : verdict.reason;
      const target = reason?.code === "step" ? reason.step.slice(reason.step.indexOf(":") + 1) : reason?.target;
      if (target === undefined) return verdict;
      return enough(d, member, { target, own: d.step(run, `deploy:${target}`)?.status ?? null }, run) ? "go" : verdict;
    },
  }));

export const NEEDS: readonly Mutant[] = [
  { reading: "needs are not looked at", breaks: ["2"], core: () => instead("run/needs.ts", () => ({ needsOf: () => "go" })) },
  { reading: "a release skips environments", breaks: ["12"], core: () => instead("run/needs.ts", () => ({ promotionOf: () => "go" })) },
  {
    reading: "every commit has what every other one needs",
    breaks: ["2", "6"],
    core: () => instead("plan/relations.ts", () => ({ satisfies: () => true })),
  },
  {
    reading: "who was skipped or blocked is not needed any more",
    breaks: ["2", "6"],
    core: () => unless((_d, _member, { own }) => own === "skipped" || own === "blocked"),
  },
  {
    reading: "live is enough, good or not",
    breaks: ["2", "6"],
    core: () =>
      unless((d, member, { target }) => {
        const { live, service } = d.target(target);
        return live !== null && meets(live.commit, service, member.commit);
      }),
  },
  {
    reading: "a success in this run is enough, whatever is live by now",
    breaks: ["2", "6"],
    core: () => unless((d, _member, { target }, run) => d.step(run, `verify:${target}`)?.status === "succeeded"),
  },
  {
    reading: "backends do not wait for what other runs bring",
    breaks: ["2"],
    core: () => unless((_d, member, { own }) => member.definition.tier === "backend" && own === null),
  },
  {
    reading: "who needs a superseded step waits for it",
    breaks: ["8", "J4"],
    core: () =>
      instead("run/needs.ts", ({ needsOf }) => ({
        needsOf: (d: Draft, run: string, member: Member, row: StepRow) => {
          const verdict = needsOf(d, run, member, row);
          const target = verdict === "go" ? undefined : verdict.reason?.target;
          if (d.step(run, `deploy:${target}`)?.status !== "superseded") return verdict;
          return { status: "waiting", reason: { code: "need", target, run: null, until: null, kept: null } };
        },
      })),
    where: { about: "overtaking", clear: SETUP.queue | SETUP.devnetAny },
  },
  {
    reading: "a skipped member goes on, good before or not",
    breaks: ["12"],
    core: () =>
      instead("run/needs.ts", ({ promotionOf }) => ({
        promotionOf: (d: Draft, run: string, step: string, member: Member) => {
          const verdict = promotionOf(d, run, step, member);
          if (verdict === "go" || verdict.reason?.code !== "not-good-before") return verdict;
          return d.step(run, `deploy:${member.service}@${verdict.reason.environment}`)?.status === "skipped" ? "go" : verdict;
        },
      })),
    where: { about: "stops" },
  },
];
