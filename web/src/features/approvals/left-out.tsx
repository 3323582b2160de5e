import type { Question } from "./model.ts";

/** Targets that this decision does not bring there, and why. */
export function LeftOut({ leftOut }: Pick<Question, "leftOut">) {
  if (leftOut.length === 0) return null;
  return (
    <div>
      <h3>Left out</h3>
      <ul className="plain">
        {leftOut.map(({ target, why }) => (
          <li key={target}>
            <strong>{target}</strong>: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}
