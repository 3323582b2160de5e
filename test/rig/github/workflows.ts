import { found, listed, loginOf, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal } from "./model.ts";
import { hash } from "./present.ts";

/** Those that can be started by hand, and those of which there are runs. */
function all({ repository }: Asked) {
  const paths = new Set([...repository.workflows.keys(), ...[...repository.runs.values()].map(({ options }) => options.path)]);
  const nameOf = (path: string): string =>
    [...repository.runs.values()].find(({ options }) => options.path === path)?.options.name ??
    repository.workflows.get(path)?.({}).name ??
    path;
  return [...paths].map((path) => complete("workflow", { id: hash(path), path, name: nameOf(path), state: "active" }));
}

/** By its number or the name of its file. */
const one = (asked: Asked) =>
  found(all(asked).find(({ id, path }) => String(id) === asked.params["workflow_id"] || path.endsWith(`/${asked.params["workflow_id"]}`)));

/** A run is under the head of the branch, whatever its inputs say. */
function dispatch(asked: Asked) {
  const { repository, body, token, places } = asked;
  const { path } = one(asked);
  const {
    ref,
    inputs = {},
    return_run_details: details = false,
  } = body as { ref: string; inputs?: Record<string, string>; return_run_details?: boolean };
  const byHand = repository.workflows.get(path);
  if (!byHand) throw new Refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  const commit = repository.refs.get(ref.replace(/^refs\/(?:heads|tags)\//, ""));
  if (commit === undefined) throw new Refusal(422, `No ref found for: ${ref}`);
  const { id } = repository.run({ ...byHand(inputs), path, commit, branch: ref, event: "workflow_dispatch", startedBy: loginOf(token) });
  if (!details) return { status: 204 };
  const place = `${repository.fullName}/actions/runs/${id}`;
  return said({ workflow_run_id: id, run_url: `${places.api}/repos/${place}`, html_url: `${places.html}/${place}` });
}

export const workflowHandlers: Readonly<Record<string, Handler>> = {
  "actions/list-repo-workflows": (asked) => listed(all(asked), "workflows"),
  "actions/get-workflow": (asked) => said(one(asked)),
  "actions/create-workflow-dispatch": dispatch,
};
