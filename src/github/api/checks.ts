import { ForgeError } from "../forge.ts";
import type { Check, ChecksForge } from "../server/forge.ts";
import type { Access, AppIdentity } from "./access.ts";
import * as answers from "./answers.ts";
import type { Client } from "./client.ts";

const HERE = "/repos/{owner}/{repo}";
const RUNS = `${HERE}/check-runs`;
export const CHECK = "sluice";

type Parts = {
  readonly client: Pick<Client, "ask" | "pages">;
  readonly access: Pick<Access, "owner" | "repository">;
  readonly app: () => Promise<AppIdentity>;
  /** Several may be deployed from one repository, by the same App. */
  readonly project: string;
};

/** Check runs, as an App may write them. */
export function checksOn({ client, access, app, project }: Parts): ChecksForge {
  const here = { owner: access.owner, repo: access.repository };
  const permission = "checks: write, of an App";

  /** GitHub keeps a thousand of one name beside a commit, so all pages are looked at. */
  const find = async (commit: string): Promise<number | null> => {
    const question = { what: `the checks of ${commit.slice(0, 12)}`, permission: "checks: write" };
    const params = { ...here, ref: commit, check_name: CHECK, filter: "all", app_id: (await app()).id };
    let found: number | null = null;
    await client.pages(
      { ...question, route: `GET ${HERE}/commits/{ref}/check-runs`, params, schema: answers.checkRuns },
      ({ check_runs: page }) => {
        found = page.find(({ name, external_id: of, head_sha: sha }) => name === CHECK && of === project && sha === commit)?.id ?? null;
        return found === null;
      },
    );
    return found;
  };

  const change = async (id: number, commit: string, check: Check): Promise<number | null> => {
    const params = { ...here, check_run_id: id, ...bodyOf(check) };
    const question = { what: `to change the check of ${commit.slice(0, 12)}`, permission };
    try {
      return (await client.ask({ ...question, route: `PATCH ${RUNS}/{check_run_id}`, params, schema: answers.made })).id;
    } catch (error) {
      // With a thousand newer ones GitHub deletes it.
      if (error instanceof ForgeError && error.code === "not-found") return null;
      throw error;
    }
  };

  return {
    async setCheck(commit, check, known) {
      const changed = known === null ? null : await change(known, commit, check);
      if (changed !== null) return changed;
      const found = await find(commit);
      const again = found === null || found === known ? null : await change(found, commit, check);
      if (again !== null) return again;
      const params = { ...here, name: CHECK, head_sha: commit, external_id: project, ...bodyOf(check) };
      const question = { what: `to make the check of ${commit.slice(0, 12)}`, permission };
      // Not repeated where it is not known whether it was made: it is looked for the next time.
      return (await client.ask({ ...question, route: `POST ${RUNS}`, params, schema: answers.made }, false)).id;
    },
  };
}

const bodyOf = ({ title, summary, conclusion, url }: Check) => ({
  ...(conclusion === null ? { status: "in_progress" } : { status: "completed", conclusion }),
  ...(url === null ? {} : { details_url: url }),
  output: { title, summary },
});
