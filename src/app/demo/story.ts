import { idempotencyKey, type Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import { answer, everyItem, PAGE_SIZE } from "../../cli/api.ts";
import type { Connection } from "../../cli/context.ts";
import { hasEnded, type RunView } from "../../cli/follow/view.ts";
import type { HarborCommit } from "./harbor.ts";
import type { Narrator } from "./narrator.ts";

export type Stage = {
  readonly connection: Connection;
  readonly narrator: Narrator;
  readonly commits: readonly HarborCommit[];
  readonly print: (line: string) => void;
  readonly url: string;
};

/** The first commit everywhere, then the newest one as far as the gate. What was begun before is gone on with, and nothing is done twice. */
export async function tellStory(stage: Stage): Promise<void> {
  const { narrator, print } = stage;
  const [first, newest] = firstAndNewest(stage.commits);
  const before = await allRuns(stage.connection);
  const begun = before.find((run) => run.commit === first.id && run.kind === "deploy" && !hasEnded(run));
  if (before.length === 0) {
    print(`First, so that there is something to replace and to go back to: ${first.name} "${first.subject}" everywhere.`);
    await bringFirst(stage, await deploy(stage, first, "the demo's first deploy"), first);
  } else if (begun) await bringFirst(stage, begun.id, first);

  const all = await allRuns(stage.connection);
  const open = all.find((run) => !hasEnded(run));
  const wasRun = all.some((run) => run.commit === newest.id && run.kind === "deploy");
  if (open === undefined && !wasRun) print(`Now the newest commit: ${newest.name} "${newest.subject}".`);
  const run = open?.id ?? (wasRun ? null : await deploy(stage, newest, "the demo's newest commit"));
  if (run !== null) {
    const view = await narrator.when(run, (one) => one.atGate);
    if (!view.ended) sayGate(stage, view);
  } else print("Everything is as it was left.");
  await sayAddresses(stage);
  sayNext(stage, newest);
  if (run === null) return;
  const view = await narrator.when(run, () => false);
  if (view.status === "succeeded") await sayAddresses(stage);
}

function firstAndNewest(commits: readonly HarborCommit[]): readonly [HarborCommit, HarborCommit] {
  const main = commits.filter(({ name }) => /^v\d+$/.test(name));
  const [first, newest] = [main[0], main.at(-1)];
  if (first === undefined || newest === undefined || first === newest) throw new Error("harbor needs two commits on main");
  return [first, newest];
}

const allRuns = ({ client }: Connection): Promise<readonly Schemas["Run"][]> =>
  everyItem((cursor) =>
    answer(client.GET("/api/v1/runs", { params: { query: { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } } })),
  );

async function deploy({ connection }: Stage, commit: HarborCommit, reason: string): Promise<string> {
  const { run } = await answer(
    connection.client.POST("/api/v1/runs", {
      params: { header: { "idempotency-key": idempotencyKey() } },
      body: { services: null, environments: null, commit: commit.id, reason },
    }),
  );
  return run.id;
}

/** To its end, through its gates: there is nothing yet that a person could compare. */
async function bringFirst({ connection, narrator, print }: Stage, run: string, first: HarborCommit): Promise<void> {
  for (;;) {
    const view = await narrator.when(run, (one) => one.atGate);
    if (view.ended) {
      if (view.status !== "succeeded")
        print(`The first deploy ${view.status}. Look at it with: npx sluice run show ${run}. Start anew with: npx sluice demo --reset`);
      return;
    }
    for (const environment of gatesOf(view)) {
      print(`The demo approves its first deploy in ${environment} itself.`);
      await answer(
        connection.client.POST("/api/v1/decisions", {
          params: { header: { "idempotency-key": idempotencyKey() } },
          body: { verdict: "approved", commit: first.id, environment, comment: "the demo's first deploy" },
        }),
      );
    }
    await narrator.when(run, (one) => !one.atGate);
  }
}

const gatesOf = (view: RunView): readonly string[] =>
  view.steps.flatMap((step) =>
    step.kind === "gate" && step.waitingFor?.code === "approval" && step.environment ? [step.environment] : [],
  );

function sayGate({ print, url }: Stage, view: RunView): void {
  for (const environment of gatesOf(view)) {
    print("");
    print(`Run ${view.run.id} waits for your decision in ${environment}. In another terminal, or on the page at ${url}:`);
    print("");
    print(`  npx sluice approve ${shortCommit(view.run.commit)} --env ${environment}`);
    print("");
  }
}

async function sayAddresses({ connection, print }: Stage): Promise<void> {
  const { items } = await answer(connection.client.GET("/api/v1/targets", { params: { query: { limit: PAGE_SIZE } } }));
  const live = items.flatMap(({ service, environment, commit, url }) =>
    url === undefined || commit === null ? [] : [{ target: `${service}@${environment}`, commit, url }],
  );
  if (live.length > 0) print("What is live (each answers GET /version, frontends show a page):");
  for (const { target, commit, url } of live) print(`  ${target.padEnd(18)} ${shortCommit(commit)}  ${url}`);
}

function sayNext({ print, commits, url }: Stage, newest: HarborCommit): void {
  const main = commits.filter(({ name }) => /^v\d+$/.test(name));
  const older = main.at(-2) ?? newest;
  const branches = commits.filter((commit) => !main.includes(commit));
  const lines: readonly (readonly [string, string])[] = [
    ["npx sluice status", "what is live"],
    ['npx sluice rollback --all --env mainnet --reason "try it"', "back to the set before, frontends first"],
    ["npx sluice unhold mainnet", "a rollback holds the environment until then"],
    [`npx sluice deploy web --env devnet --commit ${older.name}`, "one service, another commit"],
    ...branches.map(({ name, subject }) => [`npx sluice deploy --all --env devnet --commit ${name}`, subject] as const),
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  print("");
  print(`Then try, in another terminal (the page is at ${url}; Ctrl-C here stops everything):`);
  for (const [command, about] of lines) print(`  ${command.padEnd(width)}  ${about}`);
  print("");
}
