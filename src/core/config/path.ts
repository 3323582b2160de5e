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
  return null;
}
