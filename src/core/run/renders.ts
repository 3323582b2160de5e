import { digestOf } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { RunId } from "./rows.ts";

const CHUNK = 200;

/** Asks what would be applied to the members whose artifact is known now (null: those without one). */
export function askRenders(d: Draft, run: RunId, artifact: string | null): void {
  const targets = Object.values(d.plan(run).plan.members)
    .filter((m) => m.artifact === artifact && m.recorded === null && d.render(run, m.target) === null)
    .map((m) => ({
      target: m.target,
      definition: m.definition,
      definitionDigest: m.definitionDigest,
      commit: m.commit,
      digest: digestOf(d, run, m),
    }));
  for (let i = 0; i < targets.length; i += CHUNK)
    d.emit({ type: "render.ask", key: `render:${run}/${artifact ?? ""}/${i}`, run, targets: targets.slice(i, i + CHUNK) });
}
