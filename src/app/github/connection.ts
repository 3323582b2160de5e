import { accessFrom, type Access, type AppIdentity, placeFrom } from "../../github/api/access.ts";
import { appTokens } from "../../github/api/app-tokens.ts";
import { checksOn } from "../../github/api/checks.ts";
import { Client, type ClientOptions, sparing } from "../../github/api/client.ts";
import { forgeOn } from "../../github/api/forge.ts";
import { serverForgeOn } from "../../github/api/server-forge.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { Forge } from "../../github/forge.ts";
import type { Remote } from "../../github/gates/remote.ts";
import type { ChecksForge, ServerForge } from "../../github/server/forge.ts";
import type { Log } from "../../github/server/worker.ts";
import type { Credential } from "../../source/upstream.ts";
import { gitCredential } from "./credential.ts";
import type { Credentials } from "./settings.ts";

/** A repository on GitHub, asked as one and the same. */
export type Connection = {
  readonly forge: Forge;
  readonly server: ServerForge;
  /** What only an App may say; null: it is a token's. */
  readonly app: { checks(project: string): ChecksForge } | null;
  /** For git, where the remote is at the same host; null: git has its own. */
  credentialFor(address: string): Promise<Credential | null>;
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
  return {
    forge: forgeOn(asking, access),
    server: serverForgeOn(asking, access),
    app: whoAmI && {
      checks: (project) => checksOn({ client: sparing(asking), access, app: whoAmI, project }),
    },
    async credentialFor(address) {
      if (gitCredential(server, "", address) === null) return null;
      return gitCredential(server, typeof access.token === "string" ? access.token : await access.token.current(), address);
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
