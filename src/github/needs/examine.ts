import type { EnvironmentId } from "../../core/config/config.ts";
import { needsName } from "../../core/config/github.ts";
import type { Guard } from "../forge.ts";
import type { Finding } from "../gates/examine.ts";

const SETTINGS = "in the repository's settings, under Environments";

/** Whether a rule holds the waits of an environment. Where none does they wait on a runner, so nothing here is a problem. `guard`: of GitHub's environment for them; null: there is none. */
export function examineWaits(environment: EnvironmentId, guard: Guard | null): readonly Finding[] {
  const name = needsName(environment);
  const warning = (message: string, hint: string): Finding => ({ name, status: "warning", message, hint: `${SETTINGS}, ${hint}` });
  const enable = "enable the rule of the App that `sluice serve` is";
  if (guard === null)
    return [warning("there is none, and GitHub would make one without any rule: what waits takes a runner", `make it, and ${enable}`)];
  const found: Finding[] = [];
  if (guard.apps.length === 0) found.push(warning("no App's rule holds what waits, so it takes a runner", enable));
  if (guard.reviewers.length > 0)
    found.push(warning("asks reviewers, so every wait needs a person too", "take them away: gates ask people"));
  if (found.length > 0) return found;
  return [{ name, status: "ok", message: `what waits is held by the rule of ${guard.apps.join(", ")}` }];
}
