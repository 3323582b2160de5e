import type { Policy } from "./config.ts";

const PERSON = /^[^\s:\p{Cc}]{1,128}$/u;
export const PERSON_PATTERN = "^[^\\s:]{1,128}$";
export const PRINCIPAL_PATTERN = "^(team:)?[^\\s:]{1,128}$";

/** A person, as the OS, a token or a login names them. */
export function isPerson(name: string): boolean {
  return PERSON.test(name);
}

/** The team's name where this is `team:NAME`, else null. */
export function teamOf(principal: string): string | null {
  return principal.startsWith("team:") ? principal.slice("team:".length) : null;
}

/** Persons behind persons and `team:NAME`, each once, in the order named; a team that does not exist has nobody in it. */
export function resolvePrincipals(principals: readonly string[], teams: Policy["teams"]): readonly string[] {
  const persons = principals.flatMap((principal) => {
    const team = teamOf(principal);
    if (team === null) return [principal];
    return Object.hasOwn(teams, team) ? (teams[team] ?? []) : [];
  });
  return [...new Set(persons)];
}
