import type { CommitId } from "../../core/config/config.ts";
import { ForgeError } from "../forge.ts";
import type { Pull, PullsForge } from "../server/forge.ts";
import type { Access } from "./access.ts";
import * as answers from "./answers.ts";
import type { Client } from "./client.ts";

const HERE = "/repos/{owner}/{repo}";
const COMMENTS = `${HERE}/issues/{issue_number}/comments`;
const permission = "pull_requests: write";

type Parts = {
  readonly client: Pick<Client, "ask" | "pages" | "ifChanged">;
  readonly access: Pick<Access, "owner" | "repository">;
  /** Under which login comments are written; null: it cannot be told. */
  readonly login: () => Promise<string | null>;
};

export function pullsOn({ client, access, login }: Parts): PullsForge {
  const here = { owner: access.owner, repo: access.repository };
  const own = `${access.owner}/${access.repository}`.toLowerCase();
  const pullOf = ({ number, state, draft, base, head }: ReturnType<typeof answers.pull.parse>): Pull => ({
    number,
    open: state === "open",
    draft: draft ?? false,
    base: base.ref,
    head: head.sha as CommitId,
    own: head.repo?.full_name.toLowerCase() === own,
  });

  /** GitHub lets whoever may write edit everybody's: only what has our name is ours. */
  const find = async (number: number, marker: string): Promise<number | null> => {
    const me = (await login())?.toLowerCase();
    if (me === undefined)
      throw new ForgeError(
        "forbidden",
        "whose the token is cannot be told, and so not which comments are its own",
        "use an App, or a person's token",
      );
    const question = { what: `the comments of pull request ${number}`, permission };
    let found: number | null = null;
    await client.pages(
      { ...question, route: `GET ${COMMENTS}`, params: { ...here, issue_number: number }, schema: answers.comments },
      (page) => {
        found = page.find(({ user, body }) => user?.login.toLowerCase() === me && body?.startsWith(marker))?.id ?? null;
        return found === null;
      },
    );
    return found;
  };

  const change = async (id: number, number: number, body: string): Promise<number | null> => {
    const question = { what: `to change the comment at pull request ${number}`, permission };
    const params = { ...here, comment_id: id, body };
    try {
      return (await client.ask({ ...question, route: `PATCH ${HERE}/issues/comments/{comment_id}`, params, schema: answers.made })).id;
    } catch (error) {
      // Somebody has deleted it.
      if (error instanceof ForgeError && error.code === "not-found") return null;
      throw error;
    }
  };

  return {
    async pull(number) {
      const question = { what: `pull request ${number}`, permission: "pull_requests: read" };
      const params = { ...here, pull_number: number };
      try {
        return pullOf(await client.ask({ ...question, route: `GET ${HERE}/pulls/{pull_number}`, params, schema: answers.pull }));
      } catch (error) {
        if (error instanceof ForgeError && error.code === "not-found") return null;
        throw error;
      }
    },
    async openPulls(base, tag) {
      const question = { what: `the pull requests into ${base}`, permission: "pull_requests: read" };
      // What has changed comes first, so that the first page is another one whenever anything has.
      const params = { ...here, base, state: "open", sort: "updated", direction: "desc" };
      const ask = { ...question, route: `GET ${HERE}/pulls`, params, schema: answers.pull.array() };
      const first = await client.ifChanged(ask, tag);
      if (first === null) return null;
      const found = new Map(first.page.map((each) => [each.number, pullOf(each)]));
      if (first.more)
        await client.pages(ask, (page) => {
          for (const each of page) found.set(each.number, pullOf(each));
          return true;
        });
      return { pulls: [...found.values()].filter((each) => each.base === base), tag: first.tag };
    },
    async setComment(pull, { marker, body }, known) {
      const text = `${marker}\n${body}`;
      const changed = known === null ? null : await change(known, pull, text);
      if (changed !== null) return changed;
      const found = await find(pull, marker);
      const again = found === null ? null : await change(found, pull, text);
      if (again !== null) return again;
      const question = { what: `to comment at pull request ${pull}`, permission };
      const params = { ...here, issue_number: pull, body: text };
      // Not repeated where it is not known whether it was made: it is looked for the next time.
      return (await client.ask({ ...question, route: `POST ${COMMENTS}`, params, schema: answers.made }, false)).id;
    },
  };
}
