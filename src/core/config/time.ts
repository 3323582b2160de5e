const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** ISO 8601 as editors are told it: date, time, and an offset or `Z`. */
export const TIME_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})$";

/** Milliseconds since 1970, or null where the text is no such time or the day does not exist. A leap second is none. */
export function parseTime(text: string): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  const at = (group: number): number => Number(match[group] ?? 0);
  const [year, month, day] = [at(1), at(2), at(3)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(month, year)) return null;
  if (at(4) > 23 || at(5) > 59 || at(6) > 59 || at(9) > 23 || at(10) > 59) return null;
  const offset = (match[8] === "-" ? -1 : 1) * (at(9) * 60 + at(10));
  const minutes = (daysSince1970(year, month, day) * 24 + at(4)) * 60 + at(5) - offset;
  return (minutes * 60 + at(6)) * 1_000 + Number((match[7] ?? "").padEnd(3, "0"));
}

/** The most that a month has, for a year that is not known: February then has 29. */
export function daysIn(month: number, year: number | null): number {
  if (month === 2) return year === null || isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Counted in years that begin in March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1;
  const leaps = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * from + leaps + dayOfYear - 719_468;
}
