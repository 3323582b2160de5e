import { found, listed, matches, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal, type CheckRow } from "./model.ts";
import { nodeId, time } from "./present.ts";

const shown = ({ id, name, sha, status, conclusion, title, summary, at }: CheckRow) =>
  complete("check-run", {
    id,
    name,
    head_sha: sha,
    node_id: nodeId("CR", id),
    status,
    conclusion,
    started_at: time(at),
    completed_at: conclusion === null ? null : time(at),
    output: { title, summary, text: null, annotations_count: 0, annotations_url: "" },
  });

/** Made by Apps alone, as the operation's text says. */
function create({ repository, body, token }: Asked) {
  if (token.kind !== "installation") throw new Refusal(403, "You must authenticate via a GitHub App.");
  const {
    name,
    head_sha: sha,
    status = "queued",
    conclusion = null,
    output,
  } = body as Record<string, string> & { output?: { title: string; summary: string } };
  const { world } = repository;
  const row: CheckRow = {
    id: world.nextId(),
    app: token.app,
    name: found(name),
    sha: repository.resolve(found(sha)),
    // One that has a conclusion is completed.
    status: conclusion === null ? status : "completed",
    conclusion,
    title: output?.title ?? null,
    summary: output?.summary ?? null,
    at: world.now(),
  };
  repository.checks.unshift(row);
  return said(shown(row), 201);
}

/** `filter=latest`, the default, shows the newest of a name. */
function list({ repository, params, query }: Asked) {
  const sha = repository.resolve(decodeURIComponent(params["ref"] ?? ""));
  const all = repository.checks.filter(
    (row) => row.sha === sha && matches(query["check_name"], row.name) && matches(query["status"], row.status),
  );
  const newest = all.filter(({ name }, index) => all.findIndex((row) => row.name === name) === index);
  return listed((query["filter"] === "all" ? all : newest).map(shown), "check_runs");
}

export const checkHandlers: Readonly<Record<string, Handler>> = { "checks/create": create, "checks/list-for-ref": list };
