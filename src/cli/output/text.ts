import { stripVTControlCharacters } from "node:util";

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;
const NO_WIDTH = /^(?:\p{M}|\p{Cf})+$/u;
/** Control and direction characters and halves of pairs: what could drive a terminal, or show other than is there. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that a text takes on a terminal; colours take none. */
export function displayWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\u0020-\u007e]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of segments.segment(plain)) width += widthOf(segment);
  return width;
}

function widthOf(segment: string): number {
  if (NO_WIDTH.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** At most `width` columns of a text without colours, its end replaced by `…` where it was longer. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return "";
  let shown = "";
  let used = 0;
  for (const { segment } of segments.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    shown += segment;
  }
  return `${shown}…`;
}

/** A text of others on one line, without anything that drives a terminal. */
export function safe(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, " ").replace(UNSAFE, "\ufffd").trim();
}

/** A log as it may be shown: lines and tabs stay, colours where `colours` says so, everything else that drives a terminal goes. */
export function safeLog(text: string, colours: boolean): string {
  // SGR sequences (ECMA-48 8.3.117) only colour; all others move or erase.
  // oxlint-disable-next-line no-control-regex
  const parts = text.split(/(\u001b\[[0-9;:]*m)/);
  const shown = parts.map((part, index) => {
    if (index % 2 === 1) return colours ? part : "";
    return stripVTControlCharacters(part)
      .replace(/\r\n/g, "\n")
      .replace(/[^\P{Cc}\n\t]/gu, "");
  });
  return shown.join("");
}

/** `850ms`, `4.2s`, `2m05s`, `3h10m`, `2d4h`. */
export function duration(ms: number): string {
  const time = Math.max(0, ms);
  if (time < 1_000) return `${Math.round(time)}ms`;
  if (time < 9_950) return `${(time / 1_000).toFixed(1)}s`;
  const seconds = Math.round(time / 1_000);
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
  if (hours < 48) return `${hours}h${String(minutes % 60).padStart(2, "0")}m`;
  return `${days}d${hours % 24}h`;
}

/** As `duration`, in whole seconds: for times that go on. */
export function elapsed(ms: number): string {
  return ms < 1_000 ? "0s" : duration(Math.floor(ms / 1_000) * 1_000).replace(/\.0s$/, "s");
}

/** How long ago, e.g. `3m ago`; two units at most. */
export function ago(instant: string, now: number): string {
  const ms = now - Date.parse(instant);
  return ms < 1_000 ? "now" : `${elapsed(ms)} ago`;
}

/** Time of day, as the machine's clock on the wall shows it. */
export function clock(instant: string): string {
  const date = new Date(instant);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `1 service`, `3 services`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** `a, b and 4 more`. */
export function listed(names: readonly string[], limit = 8): string {
  const shown = names.slice(0, limit).join(", ");
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
