import { gateName } from "../../core/config/github.ts";

const ENDING = gateName("");

/** The environment whose gate this environment of GitHub's is; null: none's. */
export const gateFor = (name: string): string | null =>
  name.endsWith(ENDING) && name.length > ENDING.length ? name.slice(0, -ENDING.length) : null;
