import { createHash } from "node:crypto";
import type { Policy } from "../../core/config/config.ts";
import { resolvePrincipals } from "../../core/config/principals.ts";
import type { Configs } from "../../engine/configs.ts";
import { type Control, PLAIN_DEPLOY, RequestError } from "../../engine/control.ts";
import type { Deploy } from "../../github/server/pushes.ts";
import { personIn } from "./people.ts";

type Parts = { readonly control: Control; readonly configs: Configs; readonly policyRef: string | null };

/** Runs of a commit that are looked at for the one that its push has started. */
const LOOKED_AT = 200;

/** Deploy all of what was pushed, where policy lets who has pushed deploy. Once, however often it is asked for and whatever ends in between. */
export function pushDeploy({ control, configs, policyRef }: Parts): Deploy {
  return async ({ commit, by: login, reason }) => {
    const { items } = await control.store.runs({ commit, kind: "deploy" }, { limit: LOOKED_AT, cursor: null });
    const before = items.find((run) => run.reason === reason && run.retryOf === null);
    if (before) return { run: before.id, already: true };
    try {
      const { policy } = await configs.policy(policyRef);
      const by = personIn(policy, login);
      const environments = mayDeploy(policy, by);
      if (environments.length === 0) return { refused: `policy lets ${by} deploy nowhere` };
      const everywhere = environments.length === Object.keys(policy.environments).length;
      const { run } = await control.deploy(
        { ...PLAIN_DEPLOY, environments: everywhere ? null : environments, commit, reason },
        { name: by, request: createHash("sha256").update(`${reason}\n${commit}`).digest("hex") },
      );
      return { run: run.id, already: false };
    } catch (error) {
      // It would be refused again: what is wrong is in the commit or in the policy. A conflict is with what is there now.
      if (error instanceof RequestError && error.code !== "conflict")
        return { refused: [error.message, error.hint].filter((text) => text !== "").join("; ") };
      throw error;
    }
  };
}

const mayDeploy = ({ environments, teams }: Policy, by: string): readonly string[] =>
  Object.entries(environments).flatMap(([id, { deployers }]) =>
    deployers.length === 0 || resolvePrincipals(deployers, teams).includes(by) ? [id] : [],
  );
