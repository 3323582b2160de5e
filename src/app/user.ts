import { userInfo } from "node:os";

/** The OS user: who acts here, where nobody else is named. */
export function currentUser(env: Readonly<Record<string, string | undefined>>): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not be in any list.
    return env["USER"] || `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
