import type { Freeze, Zones } from "./config.ts";
import { cronProblem } from "./cron.ts";
import { closest, quote } from "./names.ts";
import type { Report } from "./report.ts";
import type { RawFile } from "./schema.ts";
import { duration, object, optional, required, said, text, wrongType, type At, type Read, type Shape } from "./shape.ts";
import { parseTime, TIME_PATTERN } from "./time.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const moment: Shape<At<number>> = {
  json: { type: "string", pattern: TIME_PATTERN, examples: ["2026-12-24T18:00:00+01:00", "2027-01-02T00:00:00Z"] },
  read(node, where, report) {
    const hint = "a date, a time and its offset: `2026-12-24T18:00:00+01:00`, with `Z` for UTC";
    if (node.kind !== "scalar" || typeof node.value !== "string") return wrongType(node, where, "a time", report, hint);
    const value = parseTime(node.value);
    if (value !== null) return { value, at: node.at };
    report.error("bad-time", node.at, `${quote(where.path)} is no time: ${quote(node.value)}`, hint);
    return undefined;
  },
};

const cron = text({
  check(value) {
    const problem = cronProblem(value);
    if (problem === null) return null;
    return {
      code: "bad-cron",
      message: `${quote(value)} ${problem}`,
      hint: "minute, hour, day of the month, month, day of the week: `0 18 * * FRI` is every Friday at 18:00",
    };
  },
});

const reason = optional("Why nothing is deployed then; shown to whoever waits.", text());
const once = object({
  from: required("When the window begins, such as `2026-12-24T18:00:00+01:00`.", moment),
  until: required("When it ends.", moment),
  reason,
});
const again = object({
  cron: required("When a window begins: minute, hour, day of the month, month, day of the week.", cron),
  // whether there is such a zone is checked later, by what the host knows
  zone: required("The time zone of `cron`, such as `Europe/Berlin` or `UTC`.", text()),
  lasts: required("How long each window lasts, such as `62h`.", duration(MINUTE, 90 * DAY)),
  reason,
});

export type RawFreeze = Read<typeof once> | Read<typeof again>;

const KEYS = "`from` and `until`, or `cron`, `zone` and `lasts`";

/** A window, or one that comes again: its keys say which, and the two do not mix. */
export const freeze: Shape<RawFreeze> = {
  json: { oneOf: [once.json, again.json] },
  read(node, where, report) {
    if (node.kind !== "mapping") return wrongType(node, where, "a window", report, `its keys are ${KEYS}`);
    const says = (...keys: readonly string[]): boolean => keys.some((key) => node.entries.has(key));
    const [first, second] = [says("from", "until"), says("cron", "zone", "lasts")];
    if (first && second)
      report.error(
        "mixed-freeze",
        where.key,
        `${quote(where.path)} says two kinds of window`,
        `say either ${KEYS}; make two of it for both`,
      );
    // a slip in a key says as much as the key does: which one is meant
    else if (!first && !second && [...node.entries.keys()].every((key) => key === "reason"))
      report.error("missing-key", where.key, `${quote(where.path)} does not say when`, `say either ${KEYS}`);
    else return (second ? again : once).read(node, where, report);
    return undefined;
  },
};

/** The rules of windows that one key alone cannot say. */
export function checkFreezes(raw: RawFile, zones: Zones, report: Report): void {
  for (const { value } of raw.environments?.values() ?? [])
    for (const window of value?.freeze ?? []) {
      if ("cron" in window) checkZone(window.zone, zones, report);
      else if (window.from !== undefined && window.until !== undefined && window.until.value <= window.from.value)
        report.error("bad-time", window.until.at, "the window ends before it begins", "`until` must be after `from`");
    }
}

function checkZone(zone: At<string> | undefined, zones: Zones, report: Report): void {
  if (zone === undefined || zones.has(zone.value)) return;
  report.error("unknown-zone", zone.at, `there is no time zone ${quote(zone.value)}`, () => {
    const likely = closest(zone.value, zones.names());
    return likely === null ? "such as `Europe/Berlin`, `America/New_York` or `UTC`" : `did you mean ${quote(likely)}?`;
  });
}

/** Only for a window without problems. */
export function buildFreeze(raw: RawFreeze): Freeze {
  const why = raw.reason?.value ?? null;
  if ("cron" in raw) return { cron: said(raw.cron).value.trim(), zone: said(raw.zone).value, lastsMs: said(raw.lasts).value, reason: why };
  return { from: said(raw.from).value, until: said(raw.until).value, reason: why };
}
