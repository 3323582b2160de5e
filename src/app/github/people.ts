import type { CommitId, Policy } from "../../core/config/config.ts";
import { teamOf } from "../../core/config/principals.ts";
import type { Configs } from "../../engine/configs.ts";
import type { ServerForge } from "../../github/server/forge.ts";
import type { Log } from "../../github/server/worker.ts";
import type { GitSource } from "../../source/git.ts";

type Parts = {
  readonly source: Pick<GitSource, "describe">;
  readonly configs: Configs;
  readonly policyRef: string | null;
  /** null: nobody can be asked. */
  readonly forge: Pick<ServerForge, "pushedBy"> | null;
  readonly log: Log;
};

/** A login as policy writes that person: logins are the same in any case of letters, and names in policy are not. */
export function personIn(policy: Policy, login: string): string {
  const found = everybody(policy).find((person) => person.toLowerCase() === login.toLowerCase());
  return found ?? login;
}

/** Who has pushed a commit of which no webhook has told: nobody decides on what they pushed themselves, so it must not be anybody. Without a forge to ask it is the commit's author, a claim. */
export function pusherOf({ source, configs, policyRef, forge, log }: Parts): (branch: string, commit: CommitId) => Promise<string> {
  return async (branch, commit) => {
    const { policy } = await configs.policy(policyRef);
    const login = (await forge?.pushedBy(branch, commit)) ?? null;
    if (login !== null) return personIn(policy, login);
    const { author, email } = await source.describe(commit);
    if (forge !== null) log("warn", "GitHub does not say who has pushed: the commit's author is taken for who did", { commit, author });
    const local = email.split("@")[0] ?? "";
    return [author, local].map((name) => personIn(policy, name)).find((name) => everybody(policy).includes(name)) ?? author;
  };
}

/** Every person whom policy names. */
function everybody({ environments, teams }: Policy): readonly string[] {
  const named = Object.values(environments).flatMap(({ deployers, emergency, approval, rollback }) => [
    ...deployers,
    ...emergency,
    ...(approval?.approvers ?? []),
    ...(rollback?.approvers ?? []),
  ]);
  return [...named.filter((name) => teamOf(name) === null), ...Object.values(teams).flat()];
}
