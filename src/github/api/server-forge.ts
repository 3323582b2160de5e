import { z } from "zod";
import { ForgeError } from "../forge.ts";
import type { ServerForge } from "../server/forge.ts";
import type { Access } from "./access.ts";
import * as answers from "./answers.ts";
import { type Client, PAGE } from "./client.ts";

const HERE = "/repos/{owner}/{repo}";
const GATE = `POST ${HERE}/actions/runs/{run_id}/deployment_protection_rule`;
/** Of a comment, as GitHub has it. */
const LONGEST_COMMENT = 1024;
/** How far back it is looked who has pushed, in pages. */
const PAGES = 5;

/** GitHub, as a server asks it. */
export function serverForgeOn(client: Client, access: Pick<Access, "owner" | "repository">): ServerForge {
  const here = { owner: access.owner, repo: access.repository };

  const tell = async (run: number, environment: string, said: { readonly state?: string; readonly comment: string }): Promise<void> => {
    const question = { what: `to decide on ${environment} of run ${run}`, permission: "deployments: write, of the App whose rule it is" };
    const comment = said.comment.slice(0, LONGEST_COMMENT);
    const params = { ...here, run_id: run, environment_name: environment, ...said, comment };
    try {
      await client.ask({ ...question, route: GATE, params, schema: z.unknown() });
    } catch (error) {
      // 422: it was decided, or said often enough, the run has ended, or another attempt of it waits, which asks anew.
      if (!(error instanceof ForgeError) || (error.code !== "refused" && error.code !== "not-found")) throw error;
    }
  };

  return {
    async pushedBy(branch, commit) {
      const question = { what: `who has pushed to ${branch}`, permission: "contents: read" };
      const route = `GET ${HERE}/activity`;
      const ref = `refs/heads/${branch}`;
      let by: string | null = null;
      let pages = 0;
      await client.pages({ ...question, route, params: { ...here, ref, per_page: PAGE }, schema: answers.activity }, (page) => {
        by = page.find((each) => each.ref === ref && each.after === commit)?.actor ?? null;
        pages += 1;
        return by === null && pages < PAGES;
      });
      return by;
    },
    async setCommitStatus(commit, { state, context, description, url }) {
      const question = { what: `to say ${state} of ${commit.slice(0, 12)}`, permission: "statuses: write" };
      const params = { ...here, sha: commit, state, context, description, ...(url === null ? {} : { target_url: url }) };
      await client.ask({ ...question, route: `POST ${HERE}/statuses/{sha}`, params, schema: answers.made });
    },
    passGate: (run, environment, state, comment) => tell(run, environment, { state, comment }),
    explainGate: (run, environment, comment) => tell(run, environment, { comment }),
  };
}
