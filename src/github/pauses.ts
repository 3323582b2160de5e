/** Between two looks at what nobody tells of, in ms: soon at first, then later and later. */
export const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
export const nextPauseMs = (pauseMs: number): number => Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
