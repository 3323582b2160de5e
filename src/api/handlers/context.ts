import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Actor, Control } from "../../engine/control.ts";
import type { ApiEnv, Auth, Identity } from "../auth.ts";
import type { Lookup } from "../present/lookup.ts";
import type { GithubStanding } from "../present/github.ts";
import { ProblemError } from "../problem.ts";

export type ApiApp = OpenAPIHono<ApiEnv>;

export type ApiContext = {
  readonly control: Control;
  readonly lookup: Lookup;
  readonly auth: Auth;
  readonly version: string;
  /** null: it is not spoken to. */
  readonly github: () => Promise<GithubStanding | null>;
  /** Aborted when the server ends: streams and long polls end with it. */
  readonly closing: AbortSignal;
  readonly keepaliveMs: number;
  /** Milliseconds since 1970: what ends by itself is shown as ended. */
  readonly now: () => number;
  /** Hears of what a caller is not told in full. */
  readonly onError: (error: unknown) => void;
};

/** Who makes a change; the guard has let nobody else through. */
export function actorOf(identity: Identity | null): Actor {
  if (!identity) throw new ProblemError("unauthenticated", "A change needs a token");
  return identity.actor;
}

/** As `actorOf`, for acts that make a run: its idempotency key goes along, so that a crash before the answer makes no second one. */
export function actOf(identity: Identity | null, key: string | undefined): Actor {
  const actor = actorOf(identity);
  return key === undefined ? actor : { ...actor, request: key };
}

export function found<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new ProblemError("not-found", `There is no ${what}`);
  return value;
}
