import type { Draft } from "../../../../src/core/run/draft.ts";
import type { StepRow } from "../../../../src/core/run/rows.ts";
import { transition } from "../../../../src/core/run/transition.ts";
import { SETUP } from "../model/setup.ts";
import { instead, type Mutant } from "./mutant.ts";

const where = { setup: SETUP.awaited };

export const AWAITS: readonly Mutant[] = [
  {
    reading: "what somebody else makes is built",
    breaks: ["A"],
    core: () =>
      instead("run/awaited.ts", (_, load) => ({
        awaitBuild: (d: Draft, row: StepRow) => load("run/attempts.ts")["startBuild"](d, row.run, row.id),
      })),
    where,
  },
  {
    reading: "what nobody waits for any more is asked for on and on",
    breaks: ["A"],
    core: () => instead("run/awaited.ts", () => ({ endWait: () => undefined })),
    where,
  },
  {
    reading: "who leaves a wait ends it for those who stay",
    breaks: ["A", "8"],
    core: () =>
      instead("run/awaited.ts", () => ({
        endWait: (d: Draft, { wait }: { readonly wait: number }) =>
          d.emit({ type: "artifact.forget", key: `forget:${wait}`, asked: `await:${wait}` }),
      })),
    where: { ...where, about: "joining" },
  },
  {
    reading: "a second run's wait is asked for by itself",
    breaks: ["A"],
    core: () => ({
      transition: (state, event) => {
        const outcome = transition(state, event);
        const changes = outcome.changes.map((change) => {
          if (change.table !== "step" || change.row.reason?.code !== "artifact" || event.type !== "deploy.admitted") return change;
          return {
            ...change,
            row: { ...change.row, reason: { ...change.row.reason, wait: outcome.changes.length + change.row.reason.wait } },
          };
        });
        return { ...outcome, changes };
      },
    }),
    where: { ...where, about: "joining" },
  },
  {
    reading: "an answer to a wait that has ended counts",
    breaks: ["10"],
    core: () => ({
      transition: (state, event) => {
        const waiting = event.type === "artifact.found" ? [...state.steps.values()].map((row) => row.reason) : [];
        const reason = waiting.find((r) => r?.code === "artifact" && event.type === "artifact.found" && r.build === event.build);
        return transition(state, reason?.code === "artifact" ? ({ ...event, wait: reason.wait } as typeof event) : event);
      },
    }),
    where,
  },
];
