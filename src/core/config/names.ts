/** Ids of projects, services, environments, artifacts and teams: they become file names, DNS labels and parts of step ids. */
export const ID_PATTERN = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
export const ID_LENGTH = 63;
/** Names of environment variables, as every shell takes them. */
export const VARIABLE_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$";

const id = new RegExp(ID_PATTERN);

/** The parts of a target's id, `service@environment`; neither name has an `@`. */
export const serviceOf = (target: string): string => target.slice(0, target.lastIndexOf("@"));
export const environmentOf = (target: string): string => target.slice(target.lastIndexOf("@") + 1);

/** `constructor` fits the pattern, but every plain object already has a member of that name. */
export function isId(name: string): boolean {
  return name.length <= ID_LENGTH && id.test(name) && name !== "constructor";
}

/** A name that is a number comes before all others in a mapping of ours, whatever the file says; environments have an order. */
export function badNumber(name: string): { readonly code: string; readonly message: string; readonly hint: string } | null {
  if (!/^\d+$/.test(name)) return null;
  return {
    code: "bad-name",
    message: `${quote(name)} cannot be the name of an environment: a number would not keep its place among the others`,
    hint: `put a letter before it, such as ${quote(`env-${name}`)}`,
  };
}

/** A name in a message: in backquotes, shortened, so that a hostile file cannot flood it. */
export function quote(name: string): string {
  if (name === "") return "an empty text";
  return "`" + shorten(name) + "`";
}

export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** `a, b and 3 more`. */
export function listNames(names: readonly string[], limit = 8): string {
  const shown = names.slice(0, limit).map(quote).join(", ");
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}

/** What to do about an unknown name: the likely one, else those that exist. */
export function suggest(name: string, known: readonly string[], what: string): string {
  const likely = closest(name, known);
  if (likely !== null) return `did you mean ${quote(likely)}?`;
  return known.length === 0 ? `there are no ${what} in this file` : `known ${what}: ${listNames(known)}`;
}

/** The known name that a typing slip would explain, or null. */
export function closest(name: string, known: readonly string[]): string | null {
  if (name.length > 100) return null;
  const allowed = Math.max(1, Math.floor(name.length / 3));
  let best: string | null = null;
  let least = allowed + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
