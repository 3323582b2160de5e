/** What an answer 401 asks for: the first of `Bearer` and `Basic` that it names. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string | null; readonly scope: string | null };

const PARAMETER = /([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;

/** null: it names neither, or not where tokens are given out. */
export function readChallenge(header: string | undefined): Challenge | null {
  const [, scheme, rest = ""] = /^\s*(bearer|basic)\b(.*)$/is.exec(header ?? "") ?? [];
  if (scheme?.toLowerCase() === "basic") return { scheme: "basic" };
  if (scheme === undefined) return null;
  const said = new Map(
    Array.from(rest.matchAll(PARAMETER), ([, name = "", quoted, plain]) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "",
    ]),
  );
  const realm = said.get("realm");
  if (realm === undefined || !URL.canParse(realm)) return null;
  return { scheme: "bearer", realm, service: said.get("service") ?? null, scope: said.get("scope") ?? null };
}
