import { found, listed, loginOf, matches, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal, type CommentRow, type PullRow } from "./model.ts";
import { hash, nodeId, repository as shownRepository, time, user } from "./present.ts";
import type { Repository } from "./repository.ts";

/** "body is too long (maximum is 65536 characters)", as GitHub answers. */
const LONGEST = 65_536;

function shown(row: PullRow, { repository, places }: Asked, schema: "pull-request" | "pull-request-simple") {
  const own = shownRepository(repository, places);
  const whole = complete("repository", { ...own });
  const head = row.fork === null ? whole : row.fork === "" ? null : { ...whole, id: hash(row.fork), full_name: row.fork, fork: true };
  const end = (ref: string, sha: string, repo: unknown) => ({ label: `acme:${ref}`, ref, sha, repo, user: user("acme") });
  return complete(schema, {
    id: row.number,
    node_id: nodeId("PR", row.number),
    number: row.number,
    state: row.state,
    draft: row.draft,
    locked: row.locked,
    title: row.title,
    user: user(row.by),
    created_at: time(row.at),
    updated_at: time(row.updatedAt),
    base: end(row.base, row.baseSha, whole),
    head: end(row.branch, row.head, head),
  });
}

const shownComment = ({ id, by, body, at }: CommentRow) =>
  complete("issue-comment", { id, node_id: nodeId("IC", id), body, user: user(by), created_at: time(at), updated_at: time(at) });

function pullOf({ repository, params }: Asked): PullRow {
  return found(repository.pulls.get(Number(params["pull_number"] ?? params["issue_number"])));
}

function bodyOf({ body }: Asked): string {
  const text = String(body["body"]);
  if (text.trim() === "") throw new Refusal(422, "Validation Failed: body can't be blank");
  if (text.length > LONGEST) throw new Refusal(422, `Validation Failed: body is too long (maximum is ${LONGEST} characters)`);
  return text;
}

/** Whoever may write edits also what others have written. */
function commentOf({ params, repository }: Asked): { readonly comment: CommentRow; readonly pull: PullRow } {
  const id = Number(params["comment_id"]);
  for (const pull of repository.pulls.values()) {
    const comment = pull.comments.find((each) => each.id === id);
    if (comment) return { comment, pull };
  }
  throw new Refusal(404, "Not Found");
}

const touched = (repository: Repository, pull: PullRow): void => void (pull.updatedAt = repository.world.now());

export const pullHandlers: Readonly<Record<string, Handler>> = {
  "pulls/list": (asked) => {
    const { state = "open", base, sort, direction = "desc" } = asked.query;
    const all = [...asked.repository.pulls.values()].filter((row) => (state === "all" || row.state === state) && matches(base, row.base));
    const key = sort === "updated" ? ("updatedAt" as const) : ("number" as const);
    const sorted = all.toSorted((a, b) => (direction === "asc" ? a[key] - b[key] : b[key] - a[key]));
    return listed(sorted.map((row) => shown(row, asked, "pull-request-simple")));
  },
  "pulls/get": (asked) => said(shown(pullOf(asked), asked, "pull-request")),
  "issues/list-comments": (asked) => listed(pullOf(asked).comments.map(shownComment)),
  "issues/create-comment": (asked) => {
    const { repository, token } = asked;
    const pull = pullOf(asked);
    if (pull.locked) throw new Refusal(403, "Unable to create comment because issue is locked.");
    const comment = { id: repository.world.nextId(), by: loginOf(token), body: bodyOf(asked), at: repository.world.now() };
    pull.comments.push(comment);
    touched(repository, pull);
    return said(shownComment(comment), 201);
  },
  "issues/update-comment": (asked) => {
    const { comment, pull } = commentOf(asked);
    comment.body = bodyOf(asked);
    touched(asked.repository, pull);
    return said(shownComment(comment));
  },
};
