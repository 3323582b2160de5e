const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `24h`, `2d`, `500ms`: one whole number and one unit. */
export const DURATION_PATTERN = "^[0-9]+(ms|s|m|h|d)$";

const form = /^([0-9]{1,12})(ms|s|m|h|d)$/;

/** Milliseconds, or null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = form.exec(text);
  const unit = UNITS[match?.[2] ?? ""];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** The shortest exact form: 86400000 is `1d`, 5400000 is `90m`. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of Object.entries(UNITS).reverse()) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
