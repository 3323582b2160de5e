import { ChevronDownIcon, ChevronRightIcon } from "@primer/octicons-react";
import { lazy, Suspense, useState } from "react";
import { Loading } from "./problem.tsx";

const ChangeText = lazy(() => import("./change-text.tsx"));

/** One object that differs: what it is, how it differs in a word, and its two texts. */
export type DifferentObject = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly word: string;
  readonly tone: "success" | "danger" | "attention";
  readonly before: string | null;
  readonly after: string | null;
  readonly cut: boolean;
};

/** Objects that differ, each with its text when it is opened. */
export function Objects({ objects }: { objects: readonly DifferentObject[] }) {
  return (
    <ul className="plain objects">
      {objects.map((object) => (
        <OneObject key={`${object.kind} ${object.namespace} ${object.name}`} object={object} />
      ))}
    </ul>
  );
}

function OneObject({ object }: { object: DifferentObject }) {
  const [open, setOpen] = useState(false);
  const { kind, name, namespace, word, tone, before, after, cut } = object;
  const called = `${kind} ${namespace === null ? name : `${namespace}/${name}`}`;
  return (
    <li>
      <button type="button" className="link change" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? <ChevronDownIcon size={16} /> : <ChevronRightIcon size={16} />}
        <span>{called}</span>
        <span className={`tone-${tone}`}>{word}</span>
      </button>
      {open && (
        <div className="stack">
          {cut && <p className="small">The texts are long: only their beginnings are compared here.</p>}
          {before === after ? (
            <p className="small">Only what is hidden differs.</p>
          ) : (
            <Suspense fallback={<Loading what="the difference" />}>
              <ChangeText before={before} after={after} what={called} />
            </Suspense>
          )}
        </div>
      )}
    </li>
  );
}
