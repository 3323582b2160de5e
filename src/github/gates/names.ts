import type { EnvironmentId } from "../../core/config/config.ts";
import { gateName, needsName } from "../../core/config/github.ts";

const before =
  (ending: string) =>
  (name: string): EnvironmentId | null =>
    name.endsWith(ending) && name.length > ending.length ? name.slice(0, -ending.length) : null;

/** The environment whose gate this environment of GitHub's is; null: none's. */
export const gateFor = before(gateName(""));
/** The environment whose waits this environment of GitHub's holds; null: none's. */
export const needsFor = before(needsName(""));
