const ENDING = "-approval";

/** GitHub's environment that is the gate of one. */
export const gateName = (environment: string): string => `${environment}${ENDING}`;

/** The environment whose gate this is; null: none's. */
export const gateFor = (name: string): string | null =>
  name.endsWith(ENDING) && name.length > ENDING.length ? name.slice(0, -ENDING.length) : null;
