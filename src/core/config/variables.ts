import type { Json } from "./config.ts";

/** `$${x}` is kept, as `${x}`; `${x}` is replaced. An opening without an end is a text like any other. */
const USE = /(\$?)\$\{([^{}]*)\}/g;

/** Known only when the build has ended (`digest`) and when the service is up (`url`): they are filled in after the rest. */
const LATE = ["digest", "url"];

/**
 * Replaces `${NAME}` in every text of a value (keys stay) by `variables[NAME]`, where `NAME` is such as `environment` or `variables.PORT`;
 * names that are not given stay as they are. `$${NAME}` becomes the literal `${NAME}`, except `$${digest}` and `$${url}` while these are not given: `interpolateLate` has yet to tell them from uses.
 */
export function interpolate(value: Json, variables: Readonly<Record<string, string>>): Json {
  return mapTexts(value, (text) =>
    text.replace(USE, (written: string, escape: string, name: string) => {
      const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (escape !== "") return LATE.includes(name) && given === undefined ? written : written.slice(1);
      return given ?? written;
    }),
  );
}

/** The second pass, once, over what `interpolate` left. A null stays as it is written; escapes are resolved in any case. */
export function interpolateLate(value: Json, late: { readonly digest: string | null; readonly url: string | null }): Json {
  return mapTexts(value, (text) =>
    text.replace(USE, (written: string, escape: string, name: string) => {
      if (name !== "digest" && name !== "url") return written;
      return escape === "" ? (late[name] ?? written) : written.slice(1);
    }),
  );
}

/** Every `NAME` that a value uses as `${NAME}`, each once, in order of appearance. */
export function variablesIn(value: Json): readonly string[] {
  const names = new Set<string>();
  mapTexts(value, (text) => {
    for (const [, escape, name] of text.matchAll(USE)) if (escape === "" && name !== undefined) names.add(name);
    return text;
  });
  return [...names];
}

function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

/** `variables.PORT` names the environment's variable `PORT`; null for the other names. */
export function environmentVariable(name: string): string | null {
  return name.startsWith("variables.") ? name.slice("variables.".length) : null;
}

/** The names that `deploy` knows, beside `variables.NAME`. */
export const DEPLOY_VARIABLES: readonly string[] = ["environment", "service", "project", "commit", "digest"];
/** The names that `verify` knows, beside `variables.NAME`; `url` is where the driver has put the service. */
export const VERIFY_VARIABLES: readonly string[] = [...DEPLOY_VARIABLES, "url"];
/** The names that the config of an artifact knows; with `perEnvironment: true` also `environment` and `variables.NAME`. */
export const ARTIFACT_VARIABLES: readonly string[] = ["project", "commit"];
