import type { Schemas } from "../../../../src/contract/client.ts";
import { plural } from "../../lib/format.ts";
import { outlineOf } from "./plan-model.ts";

/** A plan before anything is done: what is built, what goes where, where people are asked, and what was noticed. */
export function PlanView({ plan }: { plan: Schemas["Plan"] }) {
  const { builds, environments } = outlineOf(plan);
  return (
    <div className="plan" tabIndex={0} role="region" aria-label="Plan">
      <p>
        <code>{plan.release.commit}</code>
        {plan.policy && (
          <span className="muted small">
            {" "}
            policy from <code>{plan.policy.ref}</code>
          </span>
        )}
      </p>
      <dl>
        {builds.length > 0 && (
          <>
            <dt>build</dt>
            <dd>{builds.join(", ")}</dd>
          </>
        )}
        {environments.map(({ id, gate, services }) => (
          <div key={id} className="contents">
            <dt>{id}</dt>
            <dd>
              {gate && <strong>waits for a decision, then </strong>}
              {plural(services.length, "service")}: {services.join(", ")}
            </dd>
          </div>
        ))}
      </dl>
      {environments.length === 0 && <p>Nothing is deployed by this plan.</p>}
      <Notes title="Warnings" notes={plan.warnings} />
      <Notes title="Notes" notes={plan.notes} />
    </div>
  );
}

function Notes({ title, notes }: { title: string; notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <ul className="plain">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </>
  );
}
