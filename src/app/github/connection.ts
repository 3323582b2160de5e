import { accessFrom, type Access, type AppIdentity, placeFrom } from "../../github/api/access.ts";
import { appTokens } from "../../github/api/app-tokens.ts";
import { checksOn } from "../../github/api/checks.ts";
import { Client, type ClientOptions, sparing } from "../../github/api/client.ts";
import { forgeOn } from "../../github/api/forge.ts";
import { pullsOn } from "../../github/api/pulls.ts";
import { serverForgeOn } from "../../github/api/server-forge.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { Forge } from "../../github/forge.ts";
import type { Remote } from "../../github/gates/remote.ts";
import type { Budget, ChecksForge, PullsForge, ServerForge } from "../../github/server/forge.ts";
import type { Log } from "../../github/server/worker.ts";
import { SourceError } from "../../engine/ports/source.ts";
import type { Upstream } from "../../source/upstream.ts";
import { gitCredential } from "./credential.ts";
import type { Credentials } from "./settings.ts";

/** A repository on GitHub, asked as one and the same. */
export type Connection = {
  readonly forge: Forge;
  readonly server: ServerForge;
  readonly pulls: PullsForge;
  /** What only an App may say; null: it is a token's. */
  readonly app: { checks(project: string): ChecksForge } | null;
  /** As whom the API is asked, where the remote is at the same host; else git has a way of its own. */
  fetch(upstream: Upstream, pull?: number): Promise<void>;
  /** What GitHub has said of its limits. */
  limits(): { readonly budgets: readonly Budget[]; readonly pausedUntil: number | null };
  /** Ends what is asked. */
  close(): void;
};

type Parts = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly client?: ClientOptions;
};

export function connection(credentials: Credentials, { server, repository }: Remote, { env, clock, log, client = {} }: Parts): Connection {
  const closing = new AbortController();
  const given = { repository, serverUrl: server };
  const { access, whoAmI } = accessOf(credentials, env, given, () => clock.now());
  const asking = new Client(access, { signal: closing.signal, note: (line) => log("info", line), ...client });
  const forge = forgeOn(asking, access);
  return {
    forge,
    pulls: pullsOn({
      client: sparing(asking),
      access,
      login: whoAmI === null ? () => forge.whoAmI() : async () => (await whoAmI()).login,
    }),
    server: serverForgeOn(asking, access),
    app: whoAmI && {
      checks: (project) => checksOn({ client: sparing(asking), access, app: whoAmI, project }),
    },
    async fetch(upstream, pull) {
      const address = (await upstream.address()) ?? "";
      if (gitCredential(server, "", address) === null) return await upstream.fetch(null, pull);
      const { token } = access;
      const fetchWith = (given: string): Promise<void> => upstream.fetch(gitCredential(server, given, address), pull);
      if (typeof token === "string") return await fetchWith(token);
      const given = await token.current();
      try {
        await fetchWith(given);
      } catch (error) {
        // One that was taken back before its time.
        if (!(error instanceof SourceError) || error.code !== "remote-denied") throw error;
        token.refused(given);
        await fetchWith(await token.current());
      }
    },
    limits: () => {
      const now = clock.now();
      return { budgets: asking.limits.budgets(now), pausedUntil: asking.limits.pausedUntil(now) };
    },
    close: () => closing.abort(),
  };
}

function accessOf(
  credentials: Credentials,
  env: Parts["env"],
  given: { readonly repository: string; readonly serverUrl: string },
  now: () => number,
): { readonly access: Access; readonly whoAmI: (() => Promise<AppIdentity>) | null } {
  if (credentials.kind === "token") return { access: accessFrom(env, { ...given, token: credentials.token }), whoAmI: null };
  const place = placeFrom(env, given);
  const token = appTokens(credentials, place, now);
  return { access: { ...place, token }, whoAmI: () => token.whoAmI() };
}
