import { found, listed, matches, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal, type CheckRow } from "./model.ts";
import { hash, nodeId, time, user } from "./present.ts";

/** "more than 1000 check runs" of a name in a suite: older ones are deleted, as the operation's text says. */
const KEPT = 1000;

const idOf = (slug: string, { apps }: Asked): number => Number(apps.find(slug)?.id ?? hash(slug));

const appOf = (slug: string, asked: Asked) => ({
  id: idOf(slug, asked),
  slug,
  node_id: nodeId("A", hash(slug)),
  owner: user("acme"),
  name: slug,
  description: null,
  external_url: "",
  html_url: "",
  created_at: time(0),
  updated_at: time(0),
  permissions: {},
  events: [],
});

const shown = (row: CheckRow, asked: Asked) =>
  complete("check-run", {
    id: row.id,
    name: row.name,
    head_sha: row.sha,
    node_id: nodeId("CR", row.id),
    external_id: row.externalId,
    details_url: row.url,
    status: row.status,
    conclusion: row.conclusion,
    started_at: time(row.at),
    completed_at: row.conclusion === null ? null : time(row.at),
    app: appOf(row.app, asked),
    output: { title: row.title, summary: row.summary, text: null, annotations_count: 0, annotations_url: "" },
  });

type Body = { readonly [name: string]: string | undefined } & { readonly output?: { readonly title?: string; readonly summary: string } };

/** One that has a conclusion is completed; one that is said to be under way has none any more. */
function changed(row: CheckRow, { status, conclusion, output, details_url: url, external_id: externalId }: Body): CheckRow {
  const state = conclusion === undefined ? (status ?? row.status) : "completed";
  return {
    ...row,
    status: state,
    conclusion: state === "completed" ? (conclusion ?? row.conclusion) : null,
    title: output?.title ?? row.title,
    summary: output?.summary ?? row.summary,
    url: url ?? row.url,
    externalId: externalId ?? row.externalId,
  };
}

/** Made by Apps alone, as the operation's text says. */
function create(asked: Asked) {
  const { repository, body: given, token } = asked;
  if (token.kind !== "installation") throw new Refusal(403, "You must authenticate via a GitHub App.");
  const body = given as Body;
  const { world, checks } = repository;
  const id = world.nextId();
  const of = { id, app: token.app, name: found(body["name"]), sha: repository.resolve(found(body["head_sha"])), at: world.now() };
  const row = changed({ ...of, externalId: "", url: null, status: "queued", conclusion: null, title: null, summary: null }, body);
  checks.unshift(row);
  const same = checks.filter(({ app, name, sha }) => app === row.app && name === row.name && sha === row.sha);
  for (const old of same.slice(KEPT)) checks.splice(checks.indexOf(old), 1);
  return said(shown(row, asked), 201);
}

function update(asked: Asked) {
  const {
    repository: { checks },
    params,
    body,
    token,
  } = asked;
  const index = checks.findIndex(({ id }) => id === Number(params["check_run_id"]));
  const row = found(checks[index]);
  if (token.kind !== "installation" || token.app !== row.app) throw new Refusal(403, "Invalid app_id");
  checks[index] = changed(row, body as Body);
  return said(shown(changed(row, body as Body), asked));
}

/** `filter=latest`, the default, shows the newest of a name. */
function list(asked: Asked) {
  const { repository, params, query } = asked;
  const sha = repository.resolve(decodeURIComponent(params["ref"] ?? ""));
  const all = repository.checks.filter(
    (row) =>
      row.sha === sha &&
      matches(query["check_name"], row.name) &&
      matches(query["status"], row.status) &&
      matches(query["app_id"], String(idOf(row.app, asked))),
  );
  const newest = all.filter(({ name }, index) => all.findIndex((row) => row.name === name) === index);
  return listed(
    (query["filter"] === "all" ? all : newest).map((row) => shown(row, asked)),
    "check_runs",
  );
}

export const checkHandlers: Readonly<Record<string, Handler>> = {
  "checks/create": create,
  "checks/update": update,
  "checks/list-for-ref": list,
};
