import type { Hook } from "../../api/hooks.ts";
import type { GithubStanding } from "../../api/present/github.ts";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { Configs } from "../../engine/configs.ts";
import { type Control, RequestError } from "../../engine/control.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import { SourceError } from "../../engine/ports/source.ts";
import type { ClientOptions } from "../../github/api/client.ts";
import { namedRepository, remoteOf, type Remote } from "../../github/gates/remote.ts";
import { type Delivered, type Delivery, readDelivery } from "../../github/hooks/delivery.ts";
import { Inbox } from "../../github/hooks/inbox.ts";
import { coveredBy } from "../../github/server/covered.ts";
import { Gates, WAITING_GATES } from "../../github/server/gates.ts";
import { Pushes } from "../../github/server/pushes.ts";
import { type Waits, WAITING_RUNS } from "../../github/server/waits.ts";
import { type Log, Worker } from "../../github/server/worker.ts";
import type { GitSource } from "../../source/git.ts";
import { Upstream } from "../../source/upstream.ts";
import { pushDeploy } from "./deploy.ts";
import { connection, type Connection } from "./connection.ts";
import { pusherOf } from "./people.ts";
import { pullTeller } from "./pulls.ts";
import type { GithubSettings } from "./settings.ts";
import { type Teller, tellersOf } from "./tellers.ts";
import { isWait, waitsOf } from "./waits.ts";

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

/** Between two looks for pushes of which nobody has told, in ms. GitHub delivers once, and never again by itself. */
export const RECONCILE_MS = 180_000;

/** What a server does with GitHub, or with any forge that tells of pushes. Rejects with a `CliError` or a `SourceError` where it cannot. */
export async function githubServer(parts: GithubParts): Promise<GithubServer> {
  const { settings, control, clock, log } = parts;
  const upstream = new Upstream(parts.root);
  const address = await upstream.mustBe();
  const remote = repositoryOf(parts, address);
  const connected = settings.credentials === null ? null : connection(settings.credentials, mustKnow(remote), parts);
  const inbox = new Inbox(control.store, () => clock.now());
  const pushes = pushesOf(parts, upstream, connected);

  let lookedAt = Number.NEGATIVE_INFINITY;
  const pushing = new Worker(
    async () => {
      await each(inbox, "push", (push) => pushes.pushed(push));
      if (clock.now() - lookedAt < RECONCILE_MS && clock.now() >= lookedAt) return;
      await pushes.reconcile();
      lookedAt = clock.now();
    },
    { name: "pushes", clock, log, everyMs: RECONCILE_MS },
  );

  let url = settings.publicUrl;
  const link = (run: string): string | null => (url === null ? null : `${url}/runs/${run}`);
  const passing = connected?.app ? gatesOf(parts, connected, upstream, inbox, () => (url === null ? null : `${url}/approvals`)) : null;
  const holding = connected?.app ? waitsOf(parts, connected, upstream) : null;
  const waiting = holding && waiter(parts, holding, inbox);
  const moved = (): void => {
    holding?.moved();
    waiting?.wake();
  };
  const told = connected === null ? null : tellersOf(parts, withTold(connected, moved), link);
  const comments = connected && pullTeller(parts, { to: connected, upstream, inbox, page: () => url }, told?.checks ?? null);
  const reading = comments?.worker ?? null;
  const others = [...(told?.tellers.map(({ worker }) => worker) ?? []), ...(passing ? [passing] : [])];
  const gates: Teller | null = passing && {
    worker: passing,
    what: "gates",
    behind: async () => (await control.store.notes(WAITING_GATES)).length,
  };
  const waits: Teller | null = waiting && {
    worker: waiting,
    what: "waits",
    behind: async () => (await control.store.notes(WAITING_RUNS)).length,
  };
  const tellers = [...(told?.tellers ?? []), ...[gates, waits, comments].filter((teller) => teller !== null)];
  const stop = control.onCommit(() => others.forEach((worker) => worker.wake()));

  return {
    hook:
      settings.secret === null
        ? null
        : hookOf(settings.secret, remote, inbox, {
            push: () => pushing.hurry(),
            gate:
              passing &&
              (() => {
                passing.hurry();
                waiting?.hurry();
              }),
            pull: reading && (() => reading.hurry()),
            moved: waiting && moved,
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
      pushing.wake();
      reading?.wake();
      for (const worker of others) worker.wake();
      waiting?.wake();
    },
    async close() {
      stop();
      connected?.close();
      const more = [reading, waiting].filter((worker) => worker !== null);
      await Promise.all([pushing, ...more, ...others].map((worker) => worker.close()));
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

/** As an App: what was decided here lets workflow runs pass. Time alone ends decisions and starts none, so it looks when something has happened. */
function gatesOf(parts: GithubParts, to: Connection, upstream: Upstream, inbox: Inbox, page: () => string | null): Worker {
  const { control, configs, policyRef, clock, log } = parts;
  const gates = new Gates({
    forge: to.forge,
    server: to.server,
    store: control.store,
    policy: async () => (await configs.policy(policyRef)).policy,
    covered: async (commit, environment, file) => {
      try {
        const { policy } = await configs.policy(policyRef);
        return coveredBy(await configs.at(commit), { environment, policy, file });
      } catch (error) {
        // Neither a commit that is not here nor a file that is not valid says what is deployed.
        if (error instanceof SourceError || error instanceof RequestError) return [];
        throw error;
      }
    },
    isOnBranch: async (commit) => {
      // asked once a run, which may be of a push that has only just come
      await to.fetch(upstream);
      const { github } = await configs.at((await configs.policy(policyRef)).commit);
      const head = github ? await upstream.head(github.branch) : null;
      return head !== null && (await upstream.contains(head, commit));
    },
    now: () => clock.now(),
    page,
    log,
  });
  return new Worker(
    async () => {
      await each(inbox, "gate", async (asked) => ((await isWait(parts, asked.environment)) ? "not ours" : await gates.asked(asked)));
      await gates.look();
    },
    { name: "gates on GitHub", clock, log, everyMs: RECONCILE_MS },
  );
}

/** As an App: what a service needs lets workflow runs that wait for it pass, once it serves. Nobody has to tell that anything has moved: it looks by itself. */
function waiter(parts: GithubParts, waits: Waits, inbox: Inbox): Worker {
  const { clock, log } = parts;
  return new Worker(
    async () => {
      await each(inbox, "gate", async (asked) => ((await isWait(parts, asked.environment)) ? await waits.asked(asked) : "not ours"));
      await waits.look();
    },
    { name: "waits on GitHub", clock, log, everyMs: () => waits.dueMs() },
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

async function waitingOf(tellers: readonly Teller[]): Promise<GithubStanding["waiting"]> {
  return await Promise.all(
    tellers.map(async ({ worker, what, behind }) => {
      const { problem, nextAt } = worker.stuck ?? { problem: null, nextAt: null };
      return { what, count: await behind(), problem, nextAt };
    }),
  );
}

type Message<W extends Delivered["what"]> = Extract<Delivered, { readonly what: W }>;

/** What was delivered of a kind, each acted on once; what is somebody else's is left. One that fails keeps none of the others from being looked at. */
async function each<W extends Delivered["what"]>(
  inbox: Inbox,
  what: W,
  act: (message: Message<W>) => Promise<"not ours" | void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const waiting of await inbox.waiting()) {
    if (waiting.message.what !== what) continue;
    try {
      if ((await act(waiting.message as Message<W>)) !== "not ours") await inbox.done(waiting);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Who acts on which delivery; null: nobody. Only an App may say anything at a gate. */
type Wake = { readonly push: () => void } & { readonly [what in "gate" | "pull" | "moved"]: (() => void) | null };

/** Answers when the delivery is durable, and never waits for what it starts. */
function hookOf(secret: string, remote: Remote | null, inbox: Inbox, wake: Wake): Hook {
  return async (request) => {
    const read = readDelivery(request, secret);
    if (!read.ok) return read;
    const message = ours(read, remote);
    const act = message === null ? null : wake[message.what];
    if (message === null || act === null) return { status: 202, message: `nothing is done about ${read.event}` };
    const isNew = message.what === "moved" || (await inbox.take(read, message));
    if (isNew) act();
    return { status: 202, message: isNew ? "taken" : "taken before" };
  };
}

/** An organisation's webhook tells of all its repositories. */
function ours({ message }: Delivery, remote: Remote | null): Delivery["message"] {
  const isOther = message !== null && remote !== null && message.repository.toLowerCase() !== remote.repository.toLowerCase();
  return isOther ? null : message;
}

function repositoryOf({ settings: { repository, madeFor }, env }: GithubParts, address: string): Remote | null {
  const origin = remoteOf(address);
  if (repository === null) return madeFor ?? origin;
  const server = madeFor?.server ?? origin?.server ?? (env["GITHUB_SERVER_URL"] ?? "https://github.com").replace(/\/+$/, "");
  const named = namedRepository(repository, server);
  if (!named)
    throw new CliError(
      EXIT.usage,
      `SLUICE_GITHUB_REPOSITORY is no repository: ${repository}`,
      "Write it as owner/name, or host/owner/name",
    );
  if (madeFor !== null && named.server !== madeFor.server)
    throw new CliError(
      EXIT.usage,
      `The App of sluice github connect is of ${madeFor.server}, and SLUICE_GITHUB_REPOSITORY is at ${named.server}`,
      "Unset it, or make an App there: sluice github connect --again",
    );
  return named;
}

function mustKnow(remote: Remote | null): Remote {
  if (remote) return remote;
  throw new SourceError(
    "git-failed",
    "The remote origin is no repository on a GitHub host, so it is not known which one is meant.",
    "Name it: SLUICE_GITHUB_REPOSITORY=owner/name",
  );
}
