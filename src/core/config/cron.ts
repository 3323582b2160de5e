import { listNames, quote } from "./names.ts";
import { daysIn } from "./time.ts";

type Field = { readonly name: string; readonly least: number; readonly most: number; readonly words: readonly string[] };

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const DAY_OF_MONTH: Field = { name: "day of the month", least: 1, most: 31, words: [] };
const MONTH: Field = { name: "month", least: 1, most: 12, words: MONTHS };
const FIELDS: readonly Field[] = [
  { name: "minute", least: 0, most: 59, words: [] },
  { name: "hour", least: 0, most: 23, words: [] },
  DAY_OF_MONTH,
  MONTH,
  { name: "day of the week", least: 0, most: 7, words: DAYS },
];

/**
 * Why a text is no cron expression that is read here; null where it is one. Read are five fields of `*`, numbers, names of months and days,
 * ranges `a-b`, steps behind `*` or a range, and lists of these: what every cron takes, with the same meaning.
 */
export function cronProblem(text: string): string | null {
  const written = text.trim().split(/\s+/);
  if (written.length !== FIELDS.length) return `is not ${FIELDS.length} fields: ${FIELDS.map((field) => field.name).join(", ")}`;
  for (const [index, field] of FIELDS.entries()) {
    const problem = fieldProblem(written[index] ?? "", field);
    if (problem !== null) return problem;
  }
  const [, , day = "*", month = "*", weekday = "*"] = written;
  return comesEver(day, month, weekday) ? null : `never comes: no such month has the day ${quote(day)}`;
}

function fieldProblem(text: string, field: Field): string | null {
  for (const item of text.split(",")) {
    const [range = "", step, ...more] = item.split("/");
    const [first = "", last, ...others] = range.split("-");
    if (more.length > 0 || others.length > 0) return unread(item, field);
    const every = range === "*";
    const from = every ? field.least : valueOf(first, field);
    const to = every ? field.most : last === undefined ? from : valueOf(last, field);
    if (from === null || to === null) return unread(item, field);
    if (from > to) return `has the range ${quote(range)}, which goes down; write it as two, such as ${quote("FRI-SAT,SUN-MON")}`;
    if (step === undefined) continue;
    if (!every && last === undefined) return `has a step behind the single ${field.name} ${quote(first)}; write a range, or ${quote("*")}`;
    const size = /^\d{1,2}$/.test(step) ? Number(step) : 0;
    if (size < 1 || size > field.most) return `has the step ${quote(step)}; the ${field.name} takes one from 1 to ${field.most}`;
  }
  return null;
}

function unread(item: string, field: Field): string {
  const words = field.words.length === 0 ? "" : `, or ${listNames(field.words, 3)}`;
  return `has ${quote(item)} as its ${field.name}, which goes from ${field.least} to ${field.most}${words}`;
}

function valueOf(text: string, field: Field): number | null {
  const word = field.words.indexOf(text.toUpperCase());
  if (word >= 0) return word + field.least;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : null;
  return value === null || value < field.least || value > field.most ? null : value;
}

/** A day of the month that no such month has is met only by a day of the week beside it. */
function comesEver(day: string, month: string, weekday: string): boolean {
  if (day.split(",").some((item) => item.startsWith("*")) || !weekday.split(",").some((item) => item.startsWith("*"))) return true;
  const first = Math.min(...starts(day, DAY_OF_MONTH));
  return monthsIn(month).some((number) => daysIn(number, null) >= first);
}

/** Where each item of a list begins: the least of them is the earliest day. */
const starts = (text: string, field: Field): readonly number[] =>
  text.split(",").map((item) => valueOf(item.split(/[-/]/)[0] ?? "", field) ?? field.least);

function monthsIn(text: string): readonly number[] {
  return text.split(",").flatMap((item) => {
    const [range = "", step = "1"] = item.split("/");
    const [first = "", last = first] = range.split("-");
    const from = range === "*" ? MONTH.least : (valueOf(first, MONTH) ?? MONTH.least);
    const to = range === "*" ? MONTH.most : (valueOf(last, MONTH) ?? from);
    return Array.from({ length: Math.floor((to - from) / Number(step)) + 1 }, (_, index) => from + index * Number(step));
  });
}
