import type { CommitId } from "../core/config/config.ts";
import { SourceError } from "../engine/ports/source.ts";

const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** A full commit id as it is; anything else is refused, and so can never be read as an option. */
export function fullId(commit: CommitId): CommitId {
  if (FULL_ID.test(commit)) return commit;
  throw new SourceError("unknown-commit", `\`${commit}\` is not a full commit id.`, "Resolve it first, or give all of its 40 characters.");
}

/** A ref that can be handed to git as a line of input: no control characters or spaces, and nothing that reads like an option. See git-check-ref-format(1). */
export function isRef(ref: string): boolean {
  return /^[^-\s\p{Cc}][^\s\p{Cc}]*$/u.test(ref) && ref.length < 1_000;
}

/** A path without `.` and doubled slashes; empty for the whole tree. Refused: what is absolute, goes up, or has control characters. */
export function treePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || parts.includes("..") || /\p{Cc}/u.test(path))
    throw new SourceError(
      "unsafe-path",
      `\`${path}\` is not a path inside the project's folder.`,
      "Name it from the folder of sluice.yaml, without `..`.",
    );
  return parts.join("/");
}

/** The path in the repository of what is named from a folder of it. */
export const pathIn = (folder: string, path: string): string => [folder, treePath(path)].filter((part) => part !== "").join("/");

/** The other way round; null for what is not below the folder. */
export function pathFrom(folder: string, path: string): string | null {
  if (folder === "") return path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
}

/** A branch glob as in `from: [main, "hotfix/*"]`: `*` is anything but a slash, `**` anything, `?` one character but a slash; the rest is literal. */
export function branchGlob(glob: string): (branch: string) => boolean {
  const source = glob.replaceAll(/\*\*|[\s\S]/gu, (part) => {
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : part.replace(/[\\^$.|+()[\]{}/-]/, String.raw`\$&`);
  });
  const pattern = new RegExp(`^(?:${source})$`, "s");
  return (branch) => pattern.test(branch);
}
