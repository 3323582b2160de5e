import { afterEach, expect, test, vi } from "vitest";
import type { Event } from "../../../src/core/run/events.ts";
import type { Draft } from "../../../src/core/run/draft.ts";
import type { Member } from "../../../src/core/plan/plan.ts";
import { transition } from "../../../src/core/run/transition.ts";
import type { Core } from "./model/play.ts";
import { search } from "./model/search.ts";

/*
 * Wrong readings of the rules, each switched on alone: another function stands in the place of one of the core's, or an event is told otherwise
 * than it was. The model must catch each, by the rule that it breaks. The core itself knows nothing of this.
 */

const HISTORIES = 2000;
type Module = Record<string, (...args: readonly unknown[]) => unknown>;
type Mutant = { readonly reading: string; readonly breaks: readonly string[]; readonly core: () => Promise<Core> };

/** The core with some functions of one of its files replaced. */
async function instead(file: string, change: (module: Module) => Readonly<Record<string, unknown>>): Promise<Core> {
  const path = `../../../src/core/${file}`;
  vi.resetModules();
  vi.doMock(path, async (original) => {
    const module = await original<Module>();
    return { ...module, ...change(module) };
  });
  const core = await import("../../../src/core/run/transition.ts");
  vi.doUnmock(path);
  return core;
}

const told = (change: (event: Event) => Event): Core => ({ transition: (state, event) => transition(state, change(event)) });

const MUTANTS: readonly Mutant[] = [
  { reading: "needs are not looked at", breaks: ["2"], core: () => instead("run/needs.ts", () => ({ needsOf: () => "go" })) },
  { reading: "a release skips environments", breaks: ["12"], core: () => instead("run/needs.ts", () => ({ promotionOf: () => "go" })) },
  {
    reading: "every commit has what every other one needs",
    breaks: ["2", "6"],
    core: () => instead("plan/relations.ts", () => ({ satisfies: () => true })),
  },
  {
    reading: "every release is newer than what is live",
    breaks: ["D"],
    core: () => Promise.resolve(told((e) => (e.type === "relation.known" ? { ...e, relation: { ...e.relation, order: "behind" } } : e))),
  },
  {
    reading: "a decision holds for ever, also over a rollback",
    breaks: ["3"],
    core: () =>
      instead("run/approvals.ts", () => ({
        approvedBy: (d: Draft, run: string, { environment, target }: Member) =>
          d
            .decisions(d.runOf(run).commit, environment)
            .find((x) => x.verdict === "approved" && x.fingerprints[target] === d.render(run, target)?.fingerprint) ?? null,
      })),
  },
  {
    reading: "a decision is for the commit, whatever would be applied",
    breaks: ["3"],
    core: () =>
      instead("run/approvals.ts", () => ({
        approvedBy: (d: Draft, run: string, { environment }: Member) =>
          d.decisions(d.runOf(run).commit, environment).find((x) => x.voided === null) ?? null,
      })),
  },
  { reading: "a target takes whoever comes", breaks: ["1"], core: () => instead("run/steps.ts", () => ({ mayTake: () => true })) },
  { reading: "a target is never let go", breaks: ["8"], core: () => instead("run/steps.ts", () => ({ release: () => {} })) },
  {
    reading: "who waits for more keeps a place in the queue",
    breaks: ["Q"],
    core: () => instead("run/steps.ts", () => ({ leaveQueue: () => {} })),
  },
  { reading: "a cancelled run goes on", breaks: ["C"], core: () => instead("run/steps.ts", () => ({ stopped: () => null })) },
  {
    reading: "a rollback holds nothing",
    breaks: ["R1"],
    core: () =>
      instead("run/admit.ts", (m) => ({
        admitRollback: (...args: readonly [Draft, { readonly snapshot: { readonly environment: string } }]) => {
          const answer = m["admitRollback"]?.(...args);
          args[0].setEnvironment({ ...args[0].environment(args[1].snapshot.environment), hold: null });
          return answer;
        },
      })),
  },
  {
    reading: "what is good at the end of a run is not recorded",
    breaks: ["S"],
    core: () => instead("run/snapshots.ts", () => ({ takeSnapshot: () => {} })),
  },
  {
    reading: "what is applied counts before it is verified",
    breaks: ["2", "9"],
    core: () =>
      instead("run/ledger.ts", (m) => ({
        becameLive: (...args: readonly [Draft, Member["target"]]) => {
          m["becameLive"]?.(...args);
          args[0].setTarget({ ...args[0].target(args[1]), serving: true });
        },
      })),
  },
  {
    reading: "what failed and changed nothing is not entered",
    breaks: ["9"],
    core: () => instead("run/ledger.ts", () => ({ enter: (_d: Draft, _t: string, left: object) => left })),
  },
  {
    reading: "an attempt that was lost was not applied",
    breaks: ["9", "4", "6", "2", "D"],
    core: () => Promise.resolve(told((e) => (e.type === "target.observed" ? { ...e, observed: { kind: "absent" } } : e))),
  },
  {
    reading: "an end that comes twice counts twice",
    breaks: ["10"],
    core: () =>
      instead("run/outcomes.ts", (m) => ({
        attemptEnded: (...args: readonly [Draft, { readonly attempt: string }]) => {
          const attempt = args[0].attempt(args[1].attempt);
          if (attempt) args[0].setAttempt({ ...attempt, outcome: null });
          return m["attemptEnded"]?.(...args);
        },
      })),
  },
  {
    reading: "nobody is woken by what he waits for",
    breaks: ["8"],
    core: () => instead("run/overlay.ts", ({ Overlay }) => ({ Overlay: deaf(Overlay) })),
  },
];

function deaf(overlay: unknown): unknown {
  const Heard = overlay as new (...args: readonly unknown[]) => object;
  return class extends Heard {
    watchers(): readonly string[] {
      return [];
    }
  };
}

afterEach(() => {
  vi.resetModules();
});

test.each(MUTANTS)("the model catches that $reading", { timeout: 60_000 }, async ({ core, breaks }) => {
  const story = search(HISTORIES, 1, await core(), { shorten: false });
  expect(breaks).toContain(story?.split(":")[0]);
});
