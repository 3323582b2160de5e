/** A path from the folder of `sluice.yaml` in its plain form (`services/api`; `.` is the folder itself), or why it is refused. Paths never leave that folder, and mean the same on every system. */
export type CheckedPath = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string };

export function checkPath(text: string): CheckedPath {
  const reason = refusal(text);
  if (reason !== null) return { ok: false, reason };
  const segments = text.split("/");
  if (segments[0] === "." && segments.length > 1) segments.shift();
  if (segments.at(-1) === "" && segments.length > 1) segments.pop();
  if (segments.some((segment) => segment === "" || (segment === "." && segments.length > 1)))
    return { ok: false, reason: "has an empty or `.` part" };
  return { ok: true, path: segments.join("/") };
}

function refusal(text: string): string | null {
  if (text.trim() === "") return "is empty";
  if (/\p{Cc}/u.test(text)) return "holds a control character";
  if (text.includes("\\")) return "holds a backslash; write `/`";
  if (text.startsWith("/") || /^[A-Za-z]:/.test(text)) return "is absolute";
  // git gives a leading colon a meaning of its own.
  if (text.startsWith(":")) return "begins with a colon";
  const segments = text.split("/");
  if (segments.includes("..")) return "leaves the folder of sluice.yaml with `..`";
  if (segments.some((segment) => segment.toLowerCase() === ".git")) return "goes into `.git`";
  return patternRefusal(text);
}

/** Braces make texts of which none is to be read in the pattern itself: `{.,x}./a` is `../a` too. */
function patternRefusal(text: string): string | null {
  const made = alternatives(text.replaceAll(/\$\{[^{}]*\}/g, "x"));
  if (made === null) return `has more than ${MOST_ALTERNATIVES} alternatives in its braces`;
  const parts = made.flatMap((one) => one.split("/"));
  if (made.some((one) => one.startsWith("/"))) return "is absolute by one of its alternatives";
  if (parts.includes("..")) return "leaves the folder of sluice.yaml with `..` in one of its alternatives";
  return parts.some((part) => part.toLowerCase() === ".git") ? "goes into `.git` in one of its alternatives" : null;
}

const MOST_ALTERNATIVES = 1_000;
/** Braces, or the parentheses of `@(a|b)`, that hold no others. */
const GROUP = /\{([^{}]*)\}|[@?+*!]\(([^()]*)\)/;

/** What a pattern's braces make of it, a range standing for one of its texts; null: too many. */
function alternatives(pattern: string): readonly string[] | null {
  const made: string[] = [];
  const ahead = [pattern];
  for (let one = ahead.pop(); one !== undefined; one = ahead.pop()) {
    const group = GROUP.exec(one);
    if (group === null) made.push(one);
    else for (const choice of choicesOf(group)) ahead.push(one.slice(0, group.index) + choice + one.slice(group.index + group[0].length));
    if (made.length + ahead.length > MOST_ALTERNATIVES) return null;
  }
  return made;
}

function choicesOf([, braces, parentheses = ""]: RegExpExecArray): readonly string[] {
  if (braces === undefined) return parentheses.split("|");
  if (braces.includes(",") || !braces.includes("..")) return braces.split(",");
  // a range of other signs may hold a dot
  return /^-?[A-Za-z0-9]+\.\.-?[A-Za-z0-9]+(\.\.-?\d+)?$/.test(braces) ? ["x"] : [".."];
}
