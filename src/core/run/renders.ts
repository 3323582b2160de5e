import { digestOf } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { RenderRow, RunId } from "./rows.ts";

const CHUNK = 200;

/** What would be applied is known, or why it could not be found out. */
export const isRendered = (row: RenderRow | null): row is RenderRow => row !== null && (row.fingerprint !== null || row.problem !== null);

/** Asks what would be applied to the members whose artifact is known now (null: those without one). */
export function askRenders(d: Draft, run: RunId, artifact: string | null): void {
  const targets = Object.values(d.plan(run).plan.members)
    .filter((m) => m.artifact === artifact && m.recorded === null && !isRendered(d.render(run, m.target)))
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

/** For a retry: what could not be rendered is asked for again. */
export function renderAgain(d: Draft, run: RunId): void {
  const artifacts = new Set<string | null>();
  for (const member of Object.values(d.plan(run).plan.members)) {
    const render = d.render(run, member.target);
    if (render?.problem == null) continue;
    d.setRender({ ...render, problem: null });
    artifacts.add(member.artifact);
  }
  for (const artifact of artifacts) askRenders(d, run, artifact);
}
