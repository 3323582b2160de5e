import type { Apps } from "./apps.ts";
import { Refusal, type Token } from "./model.ts";
import type * as present from "./present.ts";
import type { Repository } from "./repository.ts";

/** One request that fits the description, from somebody who may. */
export type Asked = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: { readonly [key: string]: unknown };
  readonly token: Token;
  readonly places: present.Places;
  readonly repository: Repository;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly apps: Apps;
  readonly issue: (whose: Token) => string;
  /** Logins by id. */
  readonly people: ReadonlyMap<number, string>;
  readonly budget: Readonly<
    Record<"core" | "graphql", { readonly limit: number; readonly remaining: number; readonly reset: number; readonly used: number }>
  >;
};
/** `list`: paged by the server, under its name where it is not the whole answer. */
export type Said = { readonly status: number; readonly body?: unknown; readonly list?: readonly unknown[]; readonly listName?: string };
export type Handler = (asked: Asked) => Said;

export const said = (body: unknown, status = 200): Said => ({ status, body });
export const listed = (list: readonly unknown[], listName?: string): Said =>
  listName === undefined ? { status: 200, list } : { status: 200, list, listName };

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Refusal(404, "Not Found");
  return value;
}
export const loginOf = (token: Token): string => (token.kind === "person" ? token.login : `${token.app}[bot]`);

/** A filter that was not given, or has the description's default. */
export const matches = (asked: string | undefined, value: string): boolean => asked === undefined || asked === "none" || asked === value;
