/** What a program needs of its host. Everything else of the server's own environment stays with the server. */
const OF_HOST = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER"];

/** The variables of these names that are set. */
export function pick(from: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
}

export function hostVariables(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return pick(from, OF_HOST);
}
