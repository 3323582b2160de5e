import type { Member } from "../../../../src/core/plan/plan.ts";
import type { Draft } from "../../../../src/core/run/draft.ts";
import type { DecisionRow } from "../../../../src/core/run/rows.ts";
import { SETUP } from "../model/setup.ts";
import { instead, type Mutant, told } from "./mutant.ts";

/** A gate opens by one decision, or by all those, that `fits`. */
const approvedBy = (fits: (x: DecisionRow, d: Draft, run: string, member: Member) => boolean) =>
  instead("run/approvals.ts", ({ seenAs }) => ({
    approvedBy: (d: Draft, run: string, member: Member) => {
      const all = d.decisions(d.runOf(run).commit, member.environment).filter((x) => x.verdict === "approved" && fits(x, d, run, member));
      const same = all.filter((x) => x.fingerprints[member.target] === seenAs(d, run, member));
      return same[0] ?? null;
    },
  }));
/** Nothing but what a reading says is to be wrong with their decisions. */
const NEVER_AUTHORS = ["zoe", "yan"];
const counts = (x: DecisionRow, d: Draft, target: Member["target"]) =>
  x.voided === null && x.voids[target] === undefined && (x.expiresAt ?? d.at + 1) > d.at;

export const DECISIONS: readonly Mutant[] = [
  {
    reading: "a decision holds for ever, also over a rollback",
    breaks: ["3", "SUP"],
    core: () => approvedBy((x) => NEVER_AUTHORS.includes(x.by)),
    where: { about: "gates", clear: SETUP.two | SETUP.rollbackApproval },
  },
  {
    reading: "a decision is for the commit, whatever would be applied",
    breaks: ["3"],
    core: () =>
      instead("run/approvals.ts", () => ({
        approvedBy: (d: Draft, run: string, { environment }: Member) =>
          d.decisions(d.runOf(run).commit, environment).find((x) => x.voided === null) ?? null,
      })),
    where: { about: "gates" },
  },
  {
    reading: "one decision is enough where two are asked for",
    breaks: ["3"],
    core: () => approvedBy((x, d, _run, m) => counts(x, d, m.target) && NEVER_AUTHORS.includes(x.by)),
    where: { about: "gates", setup: SETUP.two, clear: SETUP.rollbackApproval },
  },
  {
    reading: "the author is who started this run alone",
    breaks: ["3"],
    core: () => approvedBy((x, d, run, m) => counts(x, d, m.target) && x.by !== d.runOf(run).by),
    where: { about: "gates", clear: SETUP.two | SETUP.self | SETUP.rollbackApproval },
  },
  {
    reading: "decisions survive a rollback",
    breaks: ["3"],
    core: () =>
      instead("run/overlay.ts", ({ Overlay }) => ({
        Overlay: class extends Overlay {
          decisionsIn(): readonly DecisionRow[] {
            return [];
          }
        },
      })),
    where: { about: "mainnet", clear: SETUP.early },
  },
  {
    reading: "what was decided early holds for who fails on the way",
    breaks: ["3"],
    core: () => instead("run/approvals.ts", () => ({ voidFor: () => undefined })),
    where: { about: "gates", setup: SETUP.early },
  },
  {
    reading: "a decision on some opens all",
    breaks: ["3"],
    core: () =>
      instead("run/approvals.ts", ({ approvedBy: real }) => ({
        approvedBy: (d: Draft, run: string, member: Member) => {
          const others = d.plan(run).deploys.get(member.environment) ?? [];
          const members = others.map((id) => d.member(run, d.planned(run, id).target as Member["target"]));
          return real(d, run, member) ?? members.map((m) => real(d, run, m)).find((x) => x !== null) ?? null;
        },
      })),
    where: { about: "gates" },
  },
  {
    reading: "a gate asks though nobody is left",
    breaks: ["G"],
    core: () =>
      instead("run/evaluate/gate.ts", (_m, load) => ({
        evaluateGate: (d: Draft, row: { readonly run: string; readonly id: string }) => {
          const environment = row.id.slice("gate:".length);
          load("run/steps.ts")["setStatus"](d, row.run, row.id, "waiting", {
            code: "approval",
            commit: d.runOf(row.run).commit,
            environment,
          });
        },
      })),
  },
  {
    reading: "what cannot be told to be older is newer",
    breaks: ["D", "2", "SUP"],
    core: () =>
      told((e) =>
        e.type === "relation.known" && e.relation.order === "unknown"
          ? { ...e, relation: { ...e.relation, order: "behind", unmet: [] } }
          : e,
      ),
    where: { about: "overtaking" },
  },
  {
    reading: "who has gone another way is newer",
    breaks: ["D"],
    core: () =>
      told((e) =>
        e.type === "relation.known" && e.relation.order === "diverged" ? { ...e, relation: { ...e.relation, order: "behind" } } : e,
      ),
  },
  {
    reading: "every release is newer than what is live",
    breaks: ["D"],
    core: () => told((e) => (e.type === "relation.known" ? { ...e, relation: { ...e.relation, order: "behind" } } : e)),
  },
];
