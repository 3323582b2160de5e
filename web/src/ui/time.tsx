import { useSyncExternalStore } from "react";
import { absolute, ago, duration } from "../lib/format.ts";

/** Time between two looks at the clock, in milliseconds. One timer for the page, however many times it shows. */
const LOOK = 1_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, LOOK);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** A moment as the distance from now; its title is the moment itself. */
export function Ago({ at }: { at: string }) {
  const text = useSyncExternalStore(subscribe, () => ago(at, now));
  return (
    <time dateTime={at} title={absolute(at)}>
      {text}
    </time>
  );
}

/** Whether a moment is still to come; without one it never comes. */
export const useToCome = (at: string | null): boolean => useSyncExternalStore(subscribe, () => at === null || Date.parse(at) > now);

/** How long something took, or has taken by now. */
export function Took({ from, to }: { from: string; to: string | null }) {
  const text = useSyncExternalStore(subscribe, () => duration((to === null ? now : Date.parse(to)) - Date.parse(from)));
  return <span title={`${absolute(from)} – ${to === null ? "now" : absolute(to)}`}>{text}</span>;
}
