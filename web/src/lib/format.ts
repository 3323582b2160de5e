import type { Schemas } from "../../../src/contract/client.ts";

/** A commit id as people read it. */
export const shortCommit = (commit: string): string => commit.slice(0, 9);

export const targetId = ({ service, environment }: { readonly service: string; readonly environment: string }): string =>
  `${service}@${environment}`;
export const serviceOf = (target: string): string => target.slice(0, target.lastIndexOf("@"));
export const environmentOf = (target: string): string => target.slice(target.lastIndexOf("@") + 1);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `4.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`; times in milliseconds. */
export function duration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < 10 * SECOND) return `${(Math.floor(time / 100) / 10).toFixed(1)} s`;
  if (time < MINUTE) return `${Math.floor(time / SECOND)} s`;
  if (time < HOUR) return `${Math.floor(time / MINUTE)} min ${String(Math.floor((time % MINUTE) / SECOND)).padStart(2, "0")} s`;
  if (time < DAY) return `${Math.floor(time / HOUR)} h ${Math.floor((time % HOUR) / MINUTE)} min`;
  return `${Math.floor(time / DAY)} d ${Math.floor((time % DAY) / HOUR)} h`;
}

/** How long ago a moment was, or how far off it is; the server's clock may be a little ahead of this machine's. */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at);
  const far = Math.abs(ms);
  if (far < 10 * SECOND) return "just now";
  const size =
    far < MINUTE
      ? `${Math.floor(far / SECOND)} s`
      : far < HOUR
        ? `${Math.floor(far / MINUTE)} min`
        : far < DAY
          ? `${Math.floor(far / HOUR)} h`
          : `${Math.floor(far / DAY)} d`;
  return ms < 0 ? `in ${size}` : `${size} ago`;
}

/** The whole moment in the reader's own words and zone. */
export const absolute = (at: string): string => new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });

/** Why a step waits or ended, apart from the command, which the server's sentence ends with. */
export function spoken(why: Schemas["Explanation"]): { readonly text: string; readonly command: string | null } {
  if (why.command === undefined) return { text: why.message, command: null };
  const tail = `: ${why.command}`;
  return { text: why.message.endsWith(tail) ? why.message.slice(0, -tail.length) : why.message, command: why.command };
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
