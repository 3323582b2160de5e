import { CliError, EXIT } from "../../cli/exit.ts";
import type { GithubDoubt, GithubGates, GithubStop } from "../../contract/gates.ts";
import type { CommitId, EnvironmentId, Policy, TargetId } from "../../core/config/config.ts";
import { isTarget as namesTarget, mustHaveSay } from "../../engine/stops.ts";
import type { Forge } from "../../github/forge.ts";
import { recordsOf } from "../../github/records/read.ts";
import {
  isAt,
  isTarget,
  type NewStop,
  recordTask,
  runIdOf,
  statusOf,
  type StopRecord,
  type TargetRecord,
} from "../../github/records/record.ts";
import { rowsOf } from "../../github/records/rows.ts";
import { liftStops, placeStop, standingStops } from "../../github/records/stops.ts";
import { forPeople } from "../errors.ts";
import { findProject } from "../project.ts";
import { configsOf } from "./checkout.ts";
import type { ForgeRequest } from "./open.ts";
import { personIn } from "./people.ts";

type Parts = {
  readonly forge: Forge;
  readonly request: ForgeRequest;
  readonly commit: (text: string) => Promise<CommitId>;
};

/** What persons put in the way of workflows, take away, and say of what nobody can tell: as records, which every job reads before it begins. */
export function githubStops({ forge, request, commit }: Parts): Pick<GithubGates, "stops" | "place" | "lift" | "doubt" | "settle"> {
  return {
    stops: (kind, on) =>
      forPeople(async () =>
        (await standingStops(forge, placeOf(on).environment, Date.now())).filter((s) => s.kind === kind && onOf(s) === on).map(shown),
      ),
    place: (asked) =>
      forPeople(async () => {
        const { kind, on, reason, until } = asked;
        const { environment, target } = placeOf(on);
        const { by, policy } = await person(forge, request, environment);
        const { defaultBranch } = await forge.repository();
        const about = await commit(asked.commit ?? defaultBranch);
        const all = { environment, by, reason, commit: about, production: (policy?.environments[environment]?.approval ?? null) !== null };
        const id = await placeStop(forge, newStop(kind, all, target, until));
        return { kind, id, on, by, reason, at: Date.now(), until, commit: kind === "pin" ? about : null };
      }),
    lift: (stops) =>
      forPeople(async () => {
        for (const { on, id } of stops) await liftStops(forge, [id], (await person(forge, request, placeOf(on).environment)).by);
      }),
    doubt: (on) => forPeople(() => doubtOf(forge, on)),
    settle: ({ target, id }, { applied, reason }) =>
      forPeople(async () => {
        const { by } = await person(forge, request, placeOf(target).environment);
        const message = `${applied ? "applied" : "not applied"}, says ${by}: ${reason}`;
        await forge.setStatus(id, statusOf(applied ? "changed" : "unchanged", { message }));
      }),
  };
}

function placeOf(on: string): { readonly environment: EnvironmentId; readonly target: TargetId | null } {
  if (namesTarget(on)) return { environment: on.slice(on.indexOf("@") + 1), target: on };
  if (!on.includes("@")) return { environment: on, target: null };
  throw new CliError(EXIT.usage, `${on} is no target`, "Write it as service@environment, such as api@mainnet");
}

function mustBeTarget(on: string): TargetId {
  const { target } = placeOf(on);
  if (target !== null) return target;
  throw new CliError(EXIT.usage, `${on} is no target`, "Write it as service@environment, such as api@mainnet");
}

type All = {
  readonly environment: EnvironmentId;
  readonly by: string;
  readonly reason: string;
  readonly commit: CommitId;
  readonly production: boolean;
};
function newStop(kind: GithubStop["kind"], all: All, target: TargetId | null, until: number | null): NewStop {
  if (kind === "hold") return { ...all, kind, run: null, rollback: null };
  if (kind === "lock") return { ...all, kind, target, until };
  return { ...all, kind, target: mustBeTarget(target ?? all.environment) };
}

const onOf = (stop: StopRecord): string => (stop.kind === "hold" ? stop.environment : (stop.target ?? stop.environment));
const shown = (stop: StopRecord): GithubStop => ({
  kind: stop.kind,
  id: stop.id,
  on: onOf(stop),
  by: stop.by,
  reason: stop.reason,
  at: stop.createdAt,
  until: stop.kind === "lock" ? stop.until : null,
  commit: stop.kind === "pin" ? stop.commit : null,
});

/** Whose token it is, as policy writes that person, who has to have a say there. Where no policy is at hand, GitHub alone says who may write records. */
async function person(
  forge: Forge,
  { directory, repository }: ForgeRequest,
  environment: EnvironmentId,
): Promise<{ readonly by: string; readonly policy: Policy | null }> {
  const login = await forge.whoAmI();
  if (login === null)
    throw new CliError(
      EXIT.notAllowed,
      "This token is no person's, and a person answers for this",
      "gh auth login, or set GH_TOKEN to a token of yours",
    );
  const found = repository === null ? findProject(directory) : null;
  if (found === null) return { by: login, policy: null };
  const { policy } = await (await configsOf(found)).policy(null);
  const by = personIn(policy, login);
  mustHaveSay(policy, environment, by);
  return { by, policy };
}

/** Rejects where nothing is in doubt, or it is under way still: then its own workflow run is going to tell. */
async function doubtOf(forge: Forge, on: string): Promise<GithubDoubt> {
  const target = mustBeTarget(on);
  const [service = "", environment = ""] = target.split("@");
  const records = recordsOf(await forge.deployments({ environment, task: recordTask(service) }));
  const row = rowsOf(records, null, 0).find((change) => change.table === "target" && change.row.id === target);
  const attempt = row?.table === "target" ? row.row.unknown?.attempt : undefined;
  const record = records.findLast((r): r is TargetRecord => isTarget(r) && r.attempt === attempt);
  if (!record) throw new CliError(EXIT.failed, `Nothing is in doubt at ${target}`, "What its last record says is what is there");
  const run = record.state === "under-way" ? await forge.workflowRun(runIdOf(record.run)) : null;
  if (run !== null && run.conclusion === null && isAt(run, record.run))
    throw new CliError(EXIT.failed, `${target} is being changed by a workflow run: ${run.url}`, "Await it, or cancel it, and look again");
  return { target, id: record.id, commit: record.commit, at: record.createdAt };
}
