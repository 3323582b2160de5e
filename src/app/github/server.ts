import type { Hook } from "../../api/hooks.ts";
import type { GithubStanding } from "../../api/present/github.ts";
import type { Configs } from "../../engine/configs.ts";
import type { Control } from "../../engine/control.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { ClientOptions } from "../../github/api/client.ts";
import { Inbox } from "../../github/hooks/inbox.ts";
import { Pushes } from "../../github/server/pushes.ts";
import { type Log, Worker } from "../../github/server/worker.ts";
import type { GitSource } from "../../source/git.ts";
import { Upstream } from "../../source/upstream.ts";
import { pushDeploy } from "./deploy.ts";
import { connection, type Connection } from "./connection.ts";
import { each, hookOf, RECONCILE_MS, reconciling } from "./hook.ts";
import { gateTeller, waitTeller } from "./passing.ts";
import { pusherOf } from "./people.ts";
import { pullTeller } from "./pulls.ts";
import { mustKnow, repositoryOf } from "./repository.ts";
import type { GithubSettings } from "./settings.ts";
import { type Teller, tellersOf } from "./tellers.ts";
import { waitsOf } from "./waits.ts";

export type GithubParts = {
  readonly settings: GithubSettings;
  readonly control: Control;
  readonly source: GitSource;
  readonly configs: Configs;
  readonly policyRef: string | null;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Only tests have other waits. */
  readonly client?: ClientOptions;
};

export type GithubServer = {
  /** null: no secret is set. */
  readonly hook: Hook | null;
  /** How it stands with GitHub; null: that is not spoken to. */
  standing(): Promise<GithubStanding | null>;
  /** Takes up what was left, and looks for what was missed. */
  start(listensAt: string): void;
  close(): Promise<void>;
};

/** What a server does with GitHub, or with any forge that tells of pushes. Rejects with a `CliError` or a `SourceError` where it cannot. */
export async function githubServer(parts: GithubParts): Promise<GithubServer> {
  const { settings, control, clock, log } = parts;
  const upstream = new Upstream(parts.root);
  const address = await upstream.mustBe();
  const remote = repositoryOf(parts, address);
  const connected = settings.credentials === null ? null : connection(settings.credentials, mustKnow(remote), parts);
  const inbox = new Inbox(control.store, () => clock.now());
  const pushes = pushesOf(parts, upstream, connected);

  const reconcile = reconciling(clock, () => pushes.reconcile());
  const pushing = new Worker(
    async () => {
      await each(inbox, "push", (push) => pushes.pushed(push));
      await reconcile();
    },
    { name: "pushes", clock, log, everyMs: RECONCILE_MS },
  );

  let url = settings.publicUrl;
  const link = (run: string): string | null => (url === null ? null : `${url}/runs/${run}`);
  const gates = connected?.app ? gateTeller(parts, connected, upstream, inbox, () => (url === null ? null : `${url}/approvals`)) : null;
  const holding = connected?.app ? waitsOf(parts, connected, upstream) : null;
  const waits = holding && waitTeller(parts, holding, inbox);
  const moved = (): void => {
    holding?.moved();
    waits?.worker.wake();
  };
  const told = connected === null ? null : tellersOf(parts, withTold(connected, moved), link);
  const comments = connected && pullTeller(parts, { to: connected, upstream, inbox, page: () => url }, told?.checks ?? null);
  /** What a commit of the engine's may have given something to tell. */
  const following = [...(told?.tellers ?? []), ...(gates ? [gates] : [])];
  const tellers = [...following, ...[waits, comments].filter((teller) => teller !== null)];
  const workers = [pushing, ...tellers.map(({ worker }) => worker)];
  const stop = control.onCommit(() => following.forEach(({ worker }) => worker.wake()));

  return {
    hook:
      settings.secret === null
        ? null
        : hookOf(settings.secret, remote, inbox, {
            push: () => pushing.hurry(),
            gate:
              gates &&
              (() => {
                gates.worker.hurry();
                waits?.worker.hurry();
              }),
            pull: comments && (() => comments.worker.hurry()),
            moved: waits && moved,
          }),
    standing: async () =>
      connected &&
      remote && {
        as: connected.app ? "app" : "token",
        repository: remote.repository,
        ...connected.limits(),
        waiting: await waitingOf(tellers),
      },
    start(listensAt) {
      url ??= listensAt;
      for (const worker of workers) worker.wake();
    },
    async close() {
      stop();
      connected?.close();
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

/** The same, with a word to who waits for what it was told. */
function withTold(to: Connection, moved: () => void): Connection {
  const setStatus: Connection["forge"]["setStatus"] = async (deployment, status) => {
    await to.forge.setStatus(deployment, status);
    moved();
  };
  return { ...to, forge: { ...to.forge, setStatus } };
}

async function waitingOf(tellers: readonly Teller[]): Promise<GithubStanding["waiting"]> {
  return await Promise.all(
    tellers.map(async ({ worker, what, behind }) => {
      const { problem, nextAt } = worker.stuck ?? { problem: null, nextAt: null };
      return { what, count: await behind(), problem, nextAt };
    }),
  );
}

function pushesOf({ control, source, configs, policyRef, log }: GithubParts, upstream: Upstream, to: Connection | null): Pushes {
  const { store } = control;
  return new Pushes({
    clone: {
      fetch: () => (to ? to.fetch(upstream) : upstream.fetch(null)),
      head: (branch) => upstream.head(branch),
      contains: (commit, ancestor) => upstream.contains(commit, ancestor),
    },
    store,
    deploy: pushDeploy({ control, configs, policyRef }),
    branch: async () => {
      const { commit } = await configs.policy(policyRef);
      const { github } = await configs.at(commit);
      return github?.push.server ? github.branch : null;
    },
    pusher: pusherOf({ source, configs, policyRef, forge: to?.server ?? null, log }),
    log,
  });
}
