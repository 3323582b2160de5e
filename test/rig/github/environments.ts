import { found, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal, type Environment } from "./model.ts";
import * as present from "./present.ts";

export const environmentOf = ({ repository, params }: Asked): Environment =>
  found(repository.environments.get(decodeURIComponent(params["environment_name"] ?? "")));

type NewEnvironment = {
  readonly reviewers?: readonly { readonly type: string; readonly id: number }[] | null;
  readonly prevent_self_review?: boolean;
  readonly deployment_branch_policy?: { readonly custom_branch_policies: boolean } | null;
};

/** What is not said is as it is by default, whatever was there: it replaces the whole. */
function put({ repository, params, body, places }: Asked) {
  const { reviewers, prevent_self_review: preventsSelfReview = false, deployment_branch_policy: branches } = body as NewEnvironment;
  const logins = (reviewers ?? []).map(({ id }) => {
    const login = repository.world.people.get(id);
    if (login === undefined) throw new Refusal(422, `Failed to create the environment protection rule: no user ${id}`);
    return login;
  });
  const name = decodeURIComponent(params["environment_name"] ?? "");
  const named = branches?.custom_branch_policies === true ? { branches: [] } : {};
  return said(present.environment(repository.environment(name, { reviewers: logins, preventsSelfReview, ...named }), repository, places));
}

function addBranch(asked: Asked) {
  const { name, id: _, branches, ...rest } = environmentOf(asked);
  // Without the setting there is nothing to add to.
  if (branches === null) throw new Refusal(404, "Not Found");
  const added = String(asked.body["name"]);
  asked.repository.environment(name, { ...rest, branches: [...branches, added] });
  return said(branch(added, branches.length));
}

export const branch = (name: string, id: number) => complete("deployment-branch-policy", { id, name, type: "branch" });

export const environmentHandlers: Readonly<Record<string, Handler>> = {
  "repos/create-or-update-environment": put,
  "repos/create-deployment-branch-policy": addBranch,
};
